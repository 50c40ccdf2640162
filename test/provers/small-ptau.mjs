// Makes a small powers-of-tau file prepared for phase 2 with snarkjs, in a process of its own: node small-ptau.mjs power file
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { curves, powersOfTau } from 'snarkjs';

const [power, target] = process.argv.slice(2);
const first = `${target}.0`;
const second = `${target}.1`;
const curve = await curves.getCurveFromName('bn128');
await powersOfTau.newAccumulator(curve, Number(power), first);
await powersOfTau.contribute(first, second, 'test', randomBytes(32).toString('hex'));
await powersOfTau.preparePhase2(second, target);
rmSync(first);
rmSync(second);
process.exit(0);
