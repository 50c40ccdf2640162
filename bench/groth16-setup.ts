// Times the development set-up and one proof on random circuits: npx tsx bench/groth16-setup.ts [rows...] (after npm run build).
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readR1csHeader } from '../compiler/ir/iden3/index.ts';
import { developmentSetup, groth16Prove, verifyGroth16 } from '../runtime/provers/snarkjs/index.ts';
import { randomCircuit, writeCircuit } from '../test/provers/circuits.ts';

const wanted = process.argv.slice(2).map(Number);
const sizes = wanted.length > 0 ? wanted : [2_000, 4_080, 32_000, 131_056];

for (const rows of sizes) {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-bench-'));
  try {
    const { r1csPath, wtnsPath } = writeCircuit(folder, randomCircuit(rows, 17, 6));
    const zkeyPath = join(folder, 'key.zkey');
    const start = performance.now();
    const key = await developmentSetup({ r1csPath, zkeyPath });
    const setup = performance.now();
    const { proof, publicSignals } = await groth16Prove({ zkeyPath, wtnsPath });
    const prove = performance.now();
    const valid = verifyGroth16(key, publicSignals, proof);
    const verify = performance.now();
    const { variables } = readR1csHeader(r1csPath);
    const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(2)} s`;
    const mebibytes = (statSync(zkeyPath).size / 2 ** 20).toFixed(1);
    console.log(
      `${rows} rows, ${variables} variables: set-up ${seconds(start, setup)}, prove ${seconds(setup, prove)}, verify ${seconds(prove, verify)}, ` +
        `key ${mebibytes} MiB, peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB, ${valid ? 'valid' : 'INVALID'}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
