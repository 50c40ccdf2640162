// Sliced runs by the native prover: no hash in the circuit, the roots of boundary tensors are in both statements.
import { afterAll, expect, test } from 'vitest';
import { loadRun, loadSliceVerifier } from '../../runtime/runs/run-verifier.ts';
import { createRunPlace, roundTrip } from './run-kit.ts';

const place = createRunPlace();
afterAll(() => place.remove());

test('a run of three slices proves the integers of the unsliced model; slices share codes', async () => {
  await place.compile('native.zkml', { backend: 'plonk' });
  const { securityBits } = await roundTrip(place, 'native');
  expect(securityBits).toBeGreaterThanOrEqual(100);
  const run = loadRun(place.path('native.zkml', 'verifier'));
  const codes = run.description.slices.map((_, i) => {
    const { system } = loadSliceVerifier(run, i);
    if (system.proofSystem !== 'plonk-koalabear') throw new TypeError(system.proofSystem);
    const { logMessage, logCode } = system.key.run.parameters.opening.code;
    return [logMessage, logCode];
  });
  expect(codes).toEqual([codes[0], codes[0], codes[0]]);
});
