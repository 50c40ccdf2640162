// Cuts by hand: after each named node, with everything that it depends on.
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import type { Module } from '../../ir/module.ts';
import { nodeName } from './boundaries.ts';
import { predecessors, type SliceProblem } from './problem.ts';

/**
 * The chain of down-sets that end with the named nodes; what is left is the last slice.
 * @throws Diagnostic `unknown-node` (usage), `empty-slice` (usage) for a node that an earlier cut already includes.
 */
export function byHand(
  m: Module,
  groups: readonly (readonly number[])[],
  p: SliceProblem,
  at: readonly string[],
): readonly (readonly number[])[] {
  const before = predecessors(p);
  const done = new Set<number>();
  const slices = at.map((node) => {
    const named = groups.flatMap((operations, g) =>
      operations.some((o) => nodeName(m.operations[o]!) === node) ? [g] : [],
    );
    if (named.length === 0)
      throw new Diagnostic(
        'unknown-node',
        `no node is called ${quote(node)} after quantization; nodes: ${nodesOf(m)}`,
        { node },
        { kind: 'usage' },
      );
    const slice = new Set<number>();
    const pending = [...named];
    for (let g = pending.pop(); g !== undefined; g = pending.pop()) {
      if (done.has(g) || slice.has(g)) continue;
      slice.add(g);
      pending.push(...before[g]!);
    }
    if (slice.size === 0)
      throw new Diagnostic(
        'empty-slice',
        `the cut after ${quote(node)} leaves an empty slice: an earlier cut already includes it, or cannot be made without it`,
        { node },
        { kind: 'usage' },
      );
    for (const g of slice) done.add(g);
    return [...slice].sort((a, b) => a - b);
  });
  const rest = groups.flatMap((_, g) => (done.has(g) ? [] : [g]));
  return rest.length === 0 ? slices : [...slices, rest];
}

/** Names for a message: the first of them if there are many. */
function nodesOf(m: Module): string {
  const names = [...new Set(m.operations.map(nodeName))];
  const shown = names.slice(0, 20).map(quote).join(', ');
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}
