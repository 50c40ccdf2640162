// Ends the output of the test runner with one plain line: `N passed, N failed`.
import type { Reporter, TestModule } from 'vitest/node';

/** Counts tests; a test file that cannot be loaded, or an error outside any test, is a failure of its own. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const m of modules) {
      counts.failed += m.errors().length;
      for (const test of m.children.allTests()) counts[test.result().state]++;
    }
    const skipped = counts.skipped + counts.pending;
    if (skipped > 0) console.log(`${skipped} skipped`);
    console.log(`${counts.passed} passed, ${counts.failed} failed`);
  }
}
