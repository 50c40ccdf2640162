// The public signals of a slice's proof, computed from the run's statement: this is what links slices.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { PortDescription } from '../artifact/description.ts';
import type { RunSlice } from '../artifact/run-description.ts';
import type { TensorStatement } from '../artifact/run-file.ts';
import { groupsOf } from '../artifact/statement.ts';
import type { SignalForm } from './committer.ts';

/**
 * Tensor of the run at each port of a slice; -1 for weights.
 * @param ports of the slice's verifier, already compared with the run
 */
export function tensorsOfPorts(slice: Pick<RunSlice, 'ports'>, ports: readonly PortDescription[]): readonly number[] {
  let next = 0;
  return ports.map((p) => (p.role === 'param' ? -1 : slice.ports[next++]!));
}

/**
 * Signals are computed, never read: the producer of a tensor and all its consumers are checked against the one commitment
 * that the statement has for it, so that they opened it to the same integers.
 * @throws Diagnostic `bad-verifier` for weights that a proof would have to show.
 */
export function sliceSignals(
  slice: Pick<RunSlice, 'name' | 'ports'>,
  ports: readonly PortDescription[],
  tensors: readonly TensorStatement[],
  { signal, showsWeights }: SignalForm,
): readonly bigint[] {
  const shown = showsWeights ? ports : ports.filter((p) => p.role !== 'param');
  const tensorOf = tensorsOfPorts(slice, shown);
  return groupsOf(shown).flatMap(({ port }): readonly bigint[] => {
    const { role, commitment, name } = shown[port]!;
    if (role === 'param') {
      if (commitment !== undefined) return [BigInt(commitment)];
      throw new Diagnostic('bad-verifier', `slice ${slice.name} shows its weights ${name}: slices do not`);
    }
    const stated = tensors[tensorOf[port]!]!;
    if (stated.kind === 'commitment') return [stated.commitment];
    return stated.kind === 'integers' ? stated.integers.map(signal) : [];
  });
}
