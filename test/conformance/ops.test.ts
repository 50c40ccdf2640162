// Conformance of every operator of the standard library, on every sample and target.
import { describe, expect, it } from 'vitest';
import { BN254, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { standardOps, standardRegistry } from '../../stdlib/index.ts';
import {
  activationSamples,
  checkActivation,
  checkDeclaration,
  checkFloatSample,
  checkIntegerSample,
  isIntegerSample,
} from '../kits/ops-kit.ts';

/** Set to repeat or vary a failure. */
const SEED = Number(process.env.ZKMLC_SEED ?? 1);

/** Samples that a target cannot hold, with the diagnostic that says so. The list may only shrink. */
const REFUSED: ReadonlyMap<string, string> = new Map([]);

for (const def of standardOps)
  describe(def.name, () => {
    it('is declared completely', () => checkDeclaration(def));
    const samples = def.samples.map((sample) => ({ def, sample }));
    const requant = standardRegistry.get('requant')!;
    if (def.activation !== undefined) {
      it('has a correctly rounded table', () => checkActivation(def));
      samples.push(...activationSamples(def).map((sample) => ({ def: requant, sample })));
    }
    for (const { def: subject, sample } of samples) {
      if (!isIntegerSample(sample)) {
        it(`${sample.name}: over the reals`, () => {
          expect(checkFloatSample(subject, sample, standardRegistry, { seed: SEED }).runs).toBeGreaterThan(0);
        });
        continue;
      }
      for (const target of [BN254, KOALABEAR]) {
        const refusal = REFUSED.get(`${subject.name}/${sample.name}/${target.name}`);
        it(`${sample.name}: on ${target.name}${refusal === undefined ? '' : ` (refused: ${refusal})`}`, () => {
          const check = () => checkIntegerSample(subject, sample, standardRegistry, target, { seed: SEED });
          if (refusal === undefined) expect(check().runs).toBeGreaterThan(0);
          else expect(codeOf(check)).toBe(refusal);
        });
      }
    }
  });

/** Code of the diagnostic that the body throws. */
function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (e) {
    return e instanceof Diagnostic ? e.code : String(e);
  }
  return 'none';
}
