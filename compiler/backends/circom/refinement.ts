// Splits loops so that reshapes print as sums of loop variables instead of quotients and remainders.
//
// A reshape that merges or splits axes reads element (a, b) of the finer shape as a * size + b. Looping over the finer axes
// makes both sides linear: out[2 * i + j] <== x[i][j].
import { type Instr, inputsOf } from '../../ir/circuit.ts';
import { type Shape, sizeOf } from '../../ir/tensor.ts';
import { type View, viewShape } from '../../ir/view.ts';
import type { ElementContext } from './element.ts';

/** Loops of one axis, outermost first; their sizes multiply to the axis. */
export type AxisLoops = readonly number[];

/** A loop that may be split into two. */
interface Loop {
  readonly size: number;
  parts: readonly [Loop, Loop] | undefined;
}

/** Loops whose combination is the index along an axis; undefined if the index is anything else. */
type Track = readonly Loop[] | undefined;

/** Loops for the axes of a shape whose elements are read from the given wires, all of that shape. */
export function refineLoops(cx: ElementContext, shape: Shape, wires: readonly number[]): readonly AxisLoops[] {
  const loops = shape.map((size): Loop => ({ size, parts: undefined }));
  for (const wire of wires)
    follow(
      cx,
      wire,
      loops.map((l) => [l]),
    );
  return loops.map((l) => leaves(l).map(({ size }) => size));
}

function leaves(l: Loop): readonly Loop[] {
  return l.parts === undefined ? [l] : l.parts.flatMap(leaves);
}

function follow(cx: ElementContext, wire: number, axes: readonly Track[]): void {
  let [w, tracks] = [wire, axes];
  while (cx.plan.get(w) === 'alias' && tracks.some((t) => t !== undefined)) {
    const i: Instr = cx.scope.circuit.instrs[cx.scope.definedBy[w]!]!;
    if (i.op === 'view') {
      const shapes: Shape[] = [cx.scope.circuit.wires[i.in]!.shape];
      for (const v of i.steps) shapes.push(viewShape(v, shapes.at(-1)!));
      for (let k = i.steps.length - 1; k >= 0; k--) tracks = before(i.steps[k]!, shapes[k]!, shapes[k + 1]!, tracks);
    }
    w = inputsOf(i)[0]!;
  }
}

/** Tracks of the operand of a step, from those of its result. */
function before(v: View, from: Shape, to: Shape, tracks: readonly Track[]): readonly Track[] {
  switch (v.kind) {
    case 'reshape':
      return beforeReshape(from, to, tracks);
    case 'transpose': {
      const moved: Track[] = from.map(() => undefined);
      v.perm.forEach((axis, k) => {
        moved[axis] = tracks[k];
      });
      return moved;
    }
    case 'broadcast':
      return tracks.filter((_, k) => k !== v.axis);
    case 'window':
      return [...tracks.slice(0, v.axis), undefined, ...tracks.slice(v.axis + 2)];
    default:
      return tracks.map((t, k) => (k === v.axis ? undefined : t));
  }
}

/** Groups of axes with the same number of elements, row-major, are matched one by one. */
function beforeReshape(from: Shape, to: Shape, tracks: readonly Track[]): readonly Track[] {
  const found: Track[] = [];
  if (sizeOf(to) === 0) return from.map(() => undefined);
  for (let [a, b] = [0, 0]; a < from.length || b < to.length; ) {
    const [first, start] = [a, b];
    let [m, n] = [from[a++] ?? 1, to[b++] ?? 1];
    while (m !== n) {
      if (m < n) m *= from[a++]!;
      else n *= to[b++]!;
    }
    const group = tracks.slice(start, Math.min(b, to.length));
    const joined = group.every((t) => t !== undefined) ? group.flat() : undefined;
    found.push(...distribute(joined, from.slice(first, a)));
  }
  return found;
}

/** Assigns loops, innermost first, to axes of the given sizes, splitting a loop where it reaches into the next axis. */
function distribute(loops: readonly Loop[] | undefined, sizes: Shape): readonly Track[] {
  if (loops === undefined) return sizes.map(() => undefined);
  const pending = loops.flatMap(leaves);
  const found: Track[] = [];
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const track: Loop[] = [];
    let rest = sizes[axis]!;
    while (rest > 1) {
      const l = pending.pop();
      if (l === undefined) return sizes.map(() => undefined);
      if (rest % l.size === 0) {
        track.unshift(l);
        rest /= l.size;
        continue;
      }
      if (l.size % rest !== 0) return sizes.map(() => undefined);
      const parts = [loop(l.size / rest), loop(rest)] as const;
      l.parts = parts;
      pending.push(parts[0]);
      track.unshift(parts[1]);
      rest = 1;
    }
    found.unshift(track);
  }
  return found;
}

function loop(size: number): Loop {
  return { size, parts: undefined };
}
