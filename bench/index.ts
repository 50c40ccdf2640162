// Runs a benchmark: npm run bench -- [native | slices | kernels | witness | groth16] [its arguments]; the native prover if none is named.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Scripts by name. */
const BENCHMARKS: ReadonlyMap<string, string> = new Map([
  ['native', 'native.ts'],
  ['kernels', 'kernels.ts'],
  ['witness', 'witness.ts'],
  ['slices', 'slices.ts'],
  ['groth16', 'groth16-setup.ts'],
]);

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith('-');
const script = BENCHMARKS.get(named ? first : 'native');
if (script === undefined) {
  console.error(`no benchmark is called ${first}; there are ${[...BENCHMARKS.keys()].join(', ')}`);
  process.exit(2);
}
const args = named || first === undefined ? rest : [first, ...rest];
const path = fileURLToPath(new URL(script, import.meta.url));
process.exit(spawnSync(process.execPath, ['--import', 'tsx', path, ...args], { stdio: 'inherit' }).status ?? 1);
