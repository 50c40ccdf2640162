// Test runner settings. Child processes, because snarkjs and circom run beside the tests; two workers, because CI has two cores.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    reporters: ['default', './scripts/summary-reporter.ts'],
  },
});
