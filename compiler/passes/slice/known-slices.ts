// The slicing of a module that has been cut already: which operations each slice holds, and what it should cost.
import { Diagnostic } from '../../ir/diagnostics.ts';
import type { Module } from '../../ir/module.ts';
import type { BoundaryTensor, Slicing } from '../../ir/slicing.ts';
import { boundariesOf, nodeName } from './boundaries.ts';
import { describeChain, type SliceContext, sliceCosts } from './slice-module.ts';

/** What is known of a module that was cut elsewhere. */
export interface KnownSlices {
  /** For each slice its operations in order: ONNX node and operator. */
  readonly operations: readonly (readonly { readonly node: string; readonly op: string }[])[];
  /** Tensors that enter or leave slices. */
  readonly tensors: readonly Pick<BoundaryTensor, 'shape' | 'producer' | 'consumers'>[];
}

/**
 * Finds the operations of each slice again and predicts what it costs.
 * @throws Diagnostic `unknown-slices` if no cut of this module has these operations and tensors; what {@link sliceCosts}
 * throws.
 */
export function slicingOfOperations(m: Module, known: KnownSlices, cx: SliceContext): Slicing {
  const costs = sliceCosts(m, cx);
  // Operations of one node and operator are in the order of the slices that hold them.
  const places = new Map<string, number[]>();
  for (const [s, operations] of known.operations.entries())
    for (const { node, op } of operations) {
      const key = JSON.stringify([node, op]);
      const have = places.get(key);
      if (have === undefined) places.set(key, [s]);
      else have.push(s);
    }
  for (const slices of places.values()) slices.reverse();
  const sliceOf = m.operations.map((o) => places.get(JSON.stringify([nodeName(o), o.op]))?.pop());
  const chain = known.operations.map((): number[] => []);
  for (const [g, operations] of costs.groups.entries()) {
    const slice = sliceOf[operations[0]!];
    if (slice === undefined || operations.some((o) => sliceOf[o] !== slice)) throw unknown();
    chain[slice]!.push(g);
  }
  const parts = chain.map((groups) => groups.flatMap((g) => costs.groups[g]!).sort((a, b) => a - b));
  const found = boundariesOf(m, parts).tensors.map(signature);
  if (found.join('\n') !== known.tensors.map(signature).join('\n')) throw unknown();
  const report = { optimality: 'manual', because: 'cut when the model was compiled', downSets: 0 } as const;
  return describeChain(m, costs.groups, costs.problem, chain, report, cx.costModel);
}

function unknown(): Diagnostic {
  return new Diagnostic('unknown-slices', 'the slices are not those of this integer module: compile the model again');
}

function signature({ shape, producer, consumers }: KnownSlices['tensors'][number]): string {
  return `${shape.join('x')} ${producer} ${consumers.join(',')}`;
}
