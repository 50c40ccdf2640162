// Lowers the slices of a module one after the other, so that both sides of every boundary agree on what is committed.
import type { Capabilities, Circuit, Visibility } from './ir/circuit.ts';
import type { Interval } from './ir/interval.ts';
import { lowerModule, type PortVisibility } from './ir/lower.ts';
import type { Module } from './ir/module.ts';
import type { OpRegistry } from './ir/op.ts';
import type { BoundaryTensor, Slicing } from './ir/slicing.ts';
import { sliceModules } from './passes/slice/boundaries.ts';

/** What lowering slices needs. */
export interface SliceLoweringInput {
  /** The whole module, stage `int`. */
  readonly module: Module;
  readonly slicing: Pick<Slicing, 'slices' | 'tensors'>;
  readonly ops: OpRegistry;
  readonly target: Capabilities;
  /** Of the model's own inputs, weights and outputs. */
  readonly visibility: PortVisibility;
}

/** How a tensor of the slicing stands in the run. */
export interface LinkedTensor extends BoundaryTensor {
  readonly visibility: Visibility;
}

/** Slices, ready to be lowered in order. */
export interface SliceLowering {
  readonly modules: readonly Module[];
  /** The circuit of the next slice. @throws Diagnostic as {@link lowerModule}. */
  lower(slice: number): Circuit;
  /** Tensors with the intervals that are committed to: of slices that have been lowered. */
  tensors(): readonly LinkedTensor[];
}

/**
 * Outputs of the model are shown as asked, and so are inputs; whatever several slices share is public or committed: a
 * private tensor would link nothing.
 */
function visibilityOf({ producer, consumers, outputs }: BoundaryTensor, asked: PortVisibility): Visibility {
  if (outputs.length > 0 && asked.output === 'public') return 'public';
  const shared = consumers.length + (producer < 0 ? 0 : 1) > 1;
  const wish = producer < 0 ? asked.input : outputs.length > 0 ? asked.output : 'committed';
  return shared && wish === 'private' ? 'committed' : wish;
}

/** @throws RangeError if the slicing is not one of the module. */
export function createSliceLowering(input: SliceLoweringInput): SliceLowering {
  const { module, slicing, ops, target, visibility } = input;
  const modules = sliceModules(module, slicing);
  const shown = new Map(slicing.tensors.map((t) => [t.name, visibilityOf(t, visibility)]));
  // The interval of a circuit can be wider than the type's; the commitment is to the circuit's, on both sides.
  const ranges = new Map<string, Interval>();
  return {
    modules,
    lower(slice) {
      const circuit = lowerModule(modules[slice]!, ops, target, visibility, { visibility: shown, ranges });
      for (const { role, name, wire } of circuit.ports)
        if (role === 'output' && shown.get(name) === 'committed') ranges.set(name, circuit.wires[wire]!.range);
      return circuit;
    },
    tensors: () =>
      slicing.tensors.map((t): LinkedTensor => {
        const range = ranges.get(t.name);
        const bounds = range === undefined ? {} : { lo: Number(range.lo), hi: Number(range.hi) };
        return { ...t, ...bounds, visibility: shown.get(t.name)! };
      }),
  };
}
