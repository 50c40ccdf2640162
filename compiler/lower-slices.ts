// Lowers the slices of a module one after the other, so that both sides of every boundary agree on what is committed.
import type { Capabilities, Circuit, Visibility } from './ir/circuit.ts';
import type { Interval } from './ir/interval.ts';
import { lowerModule, type PortOverrides, type PortVisibility } from './ir/lower.ts';
import type { Module } from './ir/module.ts';
import type { OpRegistry } from './ir/op.ts';
import type { BoundaryTensor, Slicing } from './ir/slicing.ts';
import { canonicalModule, canonicalName, sliceModules } from './passes/slice/index.ts';

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
  /** Canonical: without names of the model. Its names are in the slicing, in the same order. */
  readonly modules: readonly Module[];
  /** The circuit of the next slice's module. @throws Diagnostic as {@link lowerModule}, in the model's own names. */
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
  const named = sliceModules(module, slicing);
  const modules = named.map(canonicalModule);
  const shown = new Map(slicing.tensors.map((t) => [t.name, visibilityOf(t, visibility)]));
  // The interval of a circuit can be wider than the type's; the commitment is to the circuit's, on both sides.
  const ranges = new Map<string, Interval>();
  return {
    modules,
    lower(slice) {
      const { inputs, outputs } = slicing.slices[slice]!;
      const tensorOf = new Map([
        ...inputs.map((t, i) => [canonicalName('input', i), slicing.tensors[t]!.name] as const),
        ...outputs.map((t, i) => [canonicalName('output', i), slicing.tensors[t]!.name] as const),
      ]);
      const lower = (m: Module, overrides: PortOverrides): Circuit =>
        lowerModule(m, ops, target, visibility, overrides);
      let circuit: Circuit;
      try {
        circuit = lower(modules[slice]!, {
          visibility: renamed(shown, tensorOf),
          ranges: renamed(ranges, tensorOf),
        });
      } catch (e) {
        // What is refused is refused under the model's own names as well.
        lower(named[slice]!, { visibility: shown, ranges });
        throw e;
      }
      for (const { role, name, wire } of circuit.ports)
        if (role === 'output' && shown.get(tensorOf.get(name)!) === 'committed')
          ranges.set(tensorOf.get(name)!, circuit.wires[wire]!.range);
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

/** What is known of tensors, by the names that they have in a slice. */
function renamed<T>(known: ReadonlyMap<string, T>, names: ReadonlyMap<string, string>): ReadonlyMap<string, T> {
  return new Map(
    [...names].flatMap(([own, name]) => {
      const value = known.get(name);
      return value === undefined ? [] : [[own, value] as const];
    }),
  );
}
