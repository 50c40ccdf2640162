// Operands of contractions as the prover's sumchecks read them: residues in storage order seen through strides, so that a
// window over an image is never expanded.
import { blocksOf, storageStrides } from '../../../compiler/ir/interpret/plan/blocks.ts';
import type { Plan } from '../../../compiler/ir/interpret/plan.ts';
import { type Shape, sizeOf, stridesOf } from '../../../compiler/ir/tensor.ts';
import { type View, viewShape } from '../../../compiler/ir/view.ts';
import type { Vectors } from './vectors.ts';

/** Canonical residues: the cell at an index is data[offset + index . strides]. */
export interface StridedWords {
  readonly shape: Shape;
  /** In the memory of the prover's vectors. */
  readonly data: Uint32Array;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A tensor's cells in row-major order. */
export const rowMajorWords = (shape: Shape, data: Uint32Array): StridedWords => ({
  shape,
  data,
  offset: 0,
  strides: stridesOf(shape),
});

/** A tensor's cells in the order in which columns are stored. */
export const storedWords = (shape: Shape, data: Uint32Array): StridedWords => ({
  shape,
  data,
  offset: 0,
  strides: storageStrides(shape, blocksOf(shape)),
});

/**
 * Applies view steps. Only pad, dilate, gather and reshapes across axes that are not neighbours in memory copy; copies keep
 * the order of the axes in memory, so that channels that come last stay last. @throws Diagnostic `bad-view`
 */
export function viewWords(v: Vectors, source: StridedWords, steps: readonly View[]): StridedWords {
  let x = source;
  for (let i = 0; i < steps.length; ) {
    const pads = padsFrom(steps, i);
    x = pads.length > 0 ? padded(v, x, pads) : viewed(v, x, steps[i]!);
    i += Math.max(1, pads.length);
  }
  return x;
}

type Pad = Extract<View, { readonly kind: 'pad' }>;

/** The pads that follow each other from a step on. */
function padsFrom(steps: readonly View[], first: number): readonly Pad[] {
  const pads: Pad[] = [];
  for (let step = steps[first]; step?.kind === 'pad'; step = steps[first + pads.length]) pads.push(step);
  return pads;
}

function viewed(v: Vectors, x: StridedWords, step: View): StridedWords {
  const shape = viewShape(step, x.shape);
  const own = 'axis' in step ? (x.strides[step.axis] ?? 0) : 0;
  const replaced = (...strides: readonly number[]): number[] =>
    'axis' in step ? x.strides.toSpliced(step.axis, step.kind === 'broadcast' ? 0 : 1, ...strides) : [];
  switch (step.kind) {
    case 'reshape':
      return reshaped(v, x, shape);
    case 'transpose':
      return { ...x, shape, strides: step.perm.map((p) => x.strides[p]!) };
    case 'slice':
      return { ...x, shape, offset: x.offset + own * step.start, strides: replaced(own * step.step) };
    case 'broadcast':
      return { ...x, shape, strides: replaced(0) };
    case 'window':
      return { ...x, shape, strides: replaced(own * step.stride, own * step.dilation) };
    case 'pad':
      return padded(v, x, [step]);
    case 'dilate': {
      const strides = contiguous(shape, memoryOrder(x));
      const data = v.alloc(sizeOf(shape));
      copyWords(x, data, 0, strides.with(step.axis, strides[step.axis]! * step.by));
      return { shape, data, offset: 0, strides };
    }
    case 'gather': {
      const strides = contiguous(shape, memoryOrder(x));
      const data = v.alloc(sizeOf(shape));
      for (const [k, i] of step.index.entries()) {
        if (i < 0) continue;
        const slab = { ...x, shape: shape.with(step.axis, 1), offset: x.offset + own * i };
        copyWords(slab, data, strides[step.axis]! * k, strides);
      }
      return { shape, data, offset: 0, strides };
    }
  }
}

function padded(v: Vectors, x: StridedWords, pads: readonly Pad[]): StridedWords {
  const shape = pads.reduce<Shape>((s, pad) => viewShape(pad, s), x.shape);
  const strides = contiguous(shape, memoryOrder(x));
  const data = v.alloc(sizeOf(shape));
  const offset = pads.reduce((sum, { axis, before }) => sum + before * strides[axis]!, 0);
  copyWords(x, data, offset, strides);
  return { shape, data, offset: 0, strides };
}

/** Axes from the outermost in memory to the innermost; those of no extent in memory are outermost. */
function memoryOrder({ shape, strides }: StridedWords): readonly number[] {
  const step = (axis: number): number => {
    const stride = shape[axis] === 1 ? 0 : Math.abs(strides[axis]!);
    return stride === 0 ? Number.POSITIVE_INFINITY : stride;
  };
  // Infinities are equal, not at a distance of NaN.
  return [...shape.keys()].sort((i, j) => (step(i) === step(j) ? i - j : step(j) - step(i)));
}

/** Strides of a tensor without gaps whose axes lie in memory in the given order. */
function contiguous(shape: Shape, order: readonly number[]): number[] {
  const strides = shape.map(() => 0);
  let step = 1;
  for (const axis of order.toReversed()) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Writes every cell of x to data[offset + index . strides]. */
function copyWords(x: StridedWords, data: Uint32Array, offset: number, strides: readonly number[]): void {
  if (sizeOf(x.shape) === 0) return;
  // Neighbours in the copy are written one after the other.
  const axes = [...x.shape.keys()].filter((axis) => x.shape[axis]! > 1).sort((i, j) => strides[j]! - strides[i]!);
  const inner = axes.pop();
  const [n, from, to] = inner === undefined ? [1, 0, 0] : [x.shape[inner]!, x.strides[inner]!, strides[inner]!];
  const index = axes.map(() => 0);
  const source = x.data;
  let [p, q] = [x.offset, offset];
  for (;;) {
    for (let i = 0, a = p, b = q; i < n; i++, a += from, b += to) data[b] = source[a]!;
    let k = axes.length - 1;
    for (; k >= 0; k--) {
      const axis = axes[k]!;
      p += x.strides[axis]!;
      q += strides[axis]!;
      if (++index[k]! < x.shape[axis]!) break;
      p -= x.strides[axis]! * x.shape[axis]!;
      q -= strides[axis]! * x.shape[axis]!;
      index[k] = 0;
    }
    if (k < 0) return;
  }
}

/** Axes before and after a reshape that hold the same cells, without axes of one cell. */
interface AxisGroup {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The finest groups: each ends where as many cells were passed before as after. */
function groupsOf(before: Shape, after: Shape): readonly AxisGroup[] {
  const [old, next] = [before, after].map((s) => [...s.keys()].filter((axis) => s[axis] !== 1));
  const groups: AxisGroup[] = [];
  for (let i = 0, j = 0; i < old!.length || j < next!.length; ) {
    const group = { before: [old![i++]!], after: [next![j++]!] };
    for (let cells = before[group.before[0]!]!, others = after[group.after[0]!]!; cells !== others; )
      if (cells < others) {
        group.before.push(old![i]!);
        cells *= before[old![i++]!]!;
      } else {
        group.after.push(next![j]!);
        others *= after[next![j++]!]!;
      }
    groups.push(group);
  }
  return groups;
}

function reshaped(v: Vectors, x: StridedWords, shape: Shape): StridedWords {
  if (sizeOf(shape) === 0) return { shape, data: x.data, offset: 0, strides: shape.map(() => 0) };
  const groups = groupsOf(x.shape, shape);
  const isOneRun = ({ before }: AxisGroup): boolean =>
    before.every((axis, i) => {
      const following = before[i + 1];
      return following === undefined || x.strides[axis] === x.strides[following]! * x.shape[following]!;
    });
  const source = groups.every(isOneRun) ? x : regrouped(v, x, groups);
  const strides = shape.map(() => 0);
  for (const { before, after } of groups) {
    let step = source.strides[before.at(-1)!]!;
    for (const axis of after.toReversed()) {
      strides[axis] = step;
      step *= shape[axis]!;
    }
  }
  return { ...source, shape, strides };
}

/** A copy with the axes of each group next to each other, groups in the order of their innermost cells in memory. */
function regrouped(v: Vectors, x: StridedWords, groups: readonly AxisGroup[]): StridedWords {
  const order = memoryOrder(x);
  const place = ({ before }: AxisGroup): number => Math.max(...before.map((axis) => order.indexOf(axis)));
  const ones = [...x.shape.keys()].filter((axis) => x.shape[axis] === 1);
  const sorted = groups.toSorted((g, h) => place(g) - place(h)).flatMap(({ before }) => before);
  const strides = contiguous(x.shape, [...ones, ...sorted]);
  const data = v.alloc(sizeOf(x.shape));
  copyWords(x, data, 0, strides);
  return { shape: x.shape, data, offset: 0, strides };
}

/** Where a reader finds residues. */
export interface OperandSources {
  /** A committed column in storage order, in the memory of the vectors; undefined for wires that are none. */
  readonly column: (wire: number) => Uint32Array | undefined;
  /** Any wire of the circuit, row-major; copied into that memory. */
  readonly wire: (id: number) => Uint32Array;
}

/**
 * Reads wires of a plan. Views are walked through backwards to a column, or to the first wire that is neither a view nor
 * equal to its operand, and then applied; what they copy is allocated anew each time.
 */
export function createOperandReader(
  v: Vectors,
  { circuit, shapes, definitions }: Plan,
  { column, wire }: OperandSources,
): (wire: number) => StridedWords {
  const sources = new Map<number, { readonly wire: number; readonly steps: readonly View[] }>();
  for (const i of circuit.instrs) {
    if (i.op === 'view') sources.set(i.out, { wire: i.in, steps: i.steps });
    else if (i.op === 'range' || i.op === 'deduce') sources.set(i.out, { wire: i.in, steps: [] });
  }
  return (operand) => {
    const steps: (readonly View[])[] = [];
    for (let id = operand; ; ) {
      const stored = column(id);
      const source = sources.get(id);
      if (stored === undefined && source !== undefined) {
        steps.unshift(source.steps);
        id = source.wire;
        continue;
      }
      const shape = shapes[id]!;
      const start =
        stored !== undefined
          ? storedWords(shape, stored)
          : rowMajorWords(shape, v.held(wire(definitions.get(id) ?? id)));
      return viewWords(v, start, steps.flat());
    }
  };
}
