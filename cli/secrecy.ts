// What a proof hides, in words: nobody may take a tensor that is merely not shown for one that is hidden.
import { printable } from '../compiler/index.ts';
import type { PortStatement } from '../runtime/index.ts';
import { showBytes } from './table.ts';

/** `zero-knowledge` or `not zero-knowledge`. */
export const secrecyOf = (zeroKnowledge: boolean): string => `${zeroKnowledge ? '' : 'not '}zero-knowledge`;

/** What stands for a tensor that a proof does not show. */
export const privateIn = (zeroKnowledge: boolean): string =>
  zeroKnowledge ? 'private' : 'not shown, but not hidden: the proof can reveal it';

/** Names of inputs and outputs that a proof does not show. */
export function namesNotShown(
  ports: readonly Pick<PortStatement, 'name' | 'role' | 'visibility'>[],
): readonly string[] {
  return ports.filter((p) => p.role !== 'param' && p.visibility !== 'public').map((p) => p.name);
}

/** The warning of proofs that do not hide what they do not show; no line where there is nothing to warn of. */
export function secrecyWarning(zeroKnowledge: boolean, notShown: readonly string[]): readonly string[] {
  if (zeroKnowledge) return [];
  const whom = notShown.map((name) => printable(name)).join(', ');
  return whom === ''
    ? ['not zero-knowledge']
    : [`not zero-knowledge: a proof can reveal ${whom}; to keep that secret, compile with --backend r1cs`];
}

/** What is said before work that may not fit into memory; undefined if it fits. */
export function memoryWarning(needed: number, available: number): string | undefined {
  return needed <= available
    ? undefined
    : `a proof takes about ${showBytes(needed)} of memory, this machine has ${showBytes(available)}`;
}
