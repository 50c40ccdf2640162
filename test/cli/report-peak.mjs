// Loaded into a command by the tests: writes the peak memory of the process when it ends.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  writeFileSync(process.env.ZKMLC_TEST_PEAK, String(process.resourceUsage().maxRSS * 1024));
});
