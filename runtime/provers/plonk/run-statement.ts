// The statement of a proof as both sides absorb it: key, public integers, roots of committed ports and of the weights.

import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import type { Plan, PublicTensor } from '../../../compiler/ir/interpret/plan.ts';
import { showInterval } from '../../../compiler/ir/interval.ts';
import { sizeOf } from '../../../compiler/ir/tensor.ts';
import type { PublicWords } from './constraint-claims.ts';
import { residue } from './field.ts';
import { HASH_BYTES } from './merkle.ts';
import type { Transcript } from './transcript.ts';

/** Integers of public tensors, row-major, in the order of the plan. */
export interface RunStatement {
  readonly inputs: readonly ArrayLike<number>[];
  readonly outputs: readonly ArrayLike<number>[];
  /** Roots of committed ports, in the order of the plan; none if absent. */
  readonly commitments?: readonly Uint8Array[];
}

/**
 * Checks numbers and ranges before anything is absorbed: a residue names one integer only within the declared interval.
 * @throws Diagnostic `proof-refused` naming the tensor and element.
 */
export function checkStatement(plan: Plan, statement: RunStatement): void {
  const check = (tensors: readonly PublicTensor[], given: readonly ArrayLike<number>[], role: string): void => {
    if (given.length !== tensors.length)
      throw refused(`${given.length} public ${role}s where the model has ${tensors.length}`);
    for (const [i, { name, shape, range }] of tensors.entries()) {
      const values = given[i]!;
      if (values.length !== sizeOf(shape))
        throw refused(`${role} ${name} has ${values.length} elements where the model has ${sizeOf(shape)}`);
      for (let e = 0; e < values.length; e++) {
        const x = values[e]!;
        if (!Number.isSafeInteger(x) || BigInt(x) < range.lo || BigInt(x) > range.hi)
          throw refused(`${role} ${name}[${e}] is ${x}, outside ${showInterval(range)}`);
      }
    }
  };
  check(plan.inputs, statement.inputs, 'input');
  check(plan.outputs, statement.outputs, 'output');
  const { commitments = [] } = statement;
  if (commitments.length !== plan.committed.length || commitments.some((root) => root.length !== HASH_BYTES))
    throw refused(`${commitments.length} commitments where the model has ${plan.committed.length}`);
}

const refused = (what: string): Diagnostic => new Diagnostic('proof-refused', what);

/** Integers as 64-bit two's complement, little-endian: integers that are equal mod p differ here. */
function bytesOfIntegers(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (let e = 0; e < values.length; e++) view.setBigInt64(8 * e, BigInt(values[e]!), true);
  return bytes;
}

/** Absorbs everything that is known before the proof; `context` names what the proof is for (a digest of the key). */
export function absorbStatement(
  channel: Transcript,
  context: Uint8Array,
  statement: RunStatement,
  weightRoot: Uint8Array | undefined,
): void {
  channel.absorb('key', context);
  for (const x of statement.inputs) channel.absorb('input', bytesOfIntegers(x));
  for (const y of statement.outputs) channel.absorb('output', bytesOfIntegers(y));
  for (const root of statement.commitments ?? []) channel.absorb('port', root);
  if (weightRoot !== undefined) channel.absorb('weights', weightRoot);
}

/** The residues that claims are evaluated on. */
export function publicWords(statement: RunStatement): PublicWords {
  const words = (x: ArrayLike<number>): Uint32Array => Uint32Array.from(x, residue);
  return { inputs: statement.inputs.map(words), outputs: statement.outputs.map(words) };
}
