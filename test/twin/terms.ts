// The twin's terms: products of vectors over groups of axes, and what each linear instruction makes of their groups. Values
// are computed by the same index maps that dense covectors use; how many terms there are is what the protocol fixes.
import { type Shape, sizeOf } from '../../compiler/ir/tensor.ts';
import { type View, viewIndex, viewShape } from '../../compiler/ir/view.ts';
import { cellsOf, type Dense, type letterSizes } from './dense.ts';
import { add, type Element, fromBase, multiply, ONE, product, scale, ZERO } from './field.ts';

/** A vector over ascending axes, none of size 1, row-major. Which object `values` is counts: equal objects merge. */
export interface TwinFactor {
  readonly axes: readonly number[];
  readonly values: Dense;
}

/** k times the product of factors without common axes; ones along all other axes. */
export interface TwinTerm {
  readonly k: Element;
  readonly factors: readonly TwinFactor[];
}

const letterOf = (axis: number): string => String.fromCharCode(0x100 + axis);
const namesOf = (axes: readonly number[]): string => axes.map(letterOf).join('');
const sizesOf = (shape: Shape): ReadonlyMap<string, number> => new Map(shape.map((n, axis) => [letterOf(axis), n]));
const ascending = (axes: Iterable<number>): number[] => [...new Set(axes)].sort((a, b) => a - b);
const wideAxes = (shape: Shape): number[] => [...shape.keys()].filter((axis) => shape[axis] !== 1);
const cellCount = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis]!));

/** Product of factors over all of these axes; a single factor over exactly these stays the object that it is. */
function joinFactors(shape: Shape, factors: readonly TwinFactor[], axes: readonly number[]): TwinFactor {
  if (factors.length === 1 && factors[0]!.axes.length === axes.length) return { axes, values: factors[0]!.values };
  const cells = factors.map((f) => cellsOf(namesOf(axes), namesOf(f.axes), sizesOf(shape)));
  const values = Array.from({ length: cellCount(shape, axes) }, (_, e) =>
    product(factors.map((f, i) => f.values[cells[i]![e]!]!)),
  );
  return { axes, values };
}

/** Factors of no axes are scalars. */
function normalized(k: Element, factors: readonly TwinFactor[]): TwinTerm {
  const scalars = factors.filter((f) => f.axes.length === 0).map((f) => f.values[0]!);
  return { k: product([k, ...scalars]), factors: factors.filter((f) => f.axes.length > 0) };
}

/** The factor with its axes under other names; a new object if they change their order. */
function renameFactor(shape: Shape, f: TwinFactor, name: (axis: number) => number): TwinFactor {
  const order = [...f.axes].sort((a, b) => name(a) - name(b));
  const axes = order.map(name);
  if (order.every((axis, i) => axis === f.axes[i])) return { axes, values: f.values };
  const cells = cellsOf(namesOf(order), namesOf(f.axes), sizesOf(shape));
  return { axes, values: cells.map((e) => f.values[e]!) };
}

const renameAll = (shape: Shape, t: TwinTerm, name: (axis: number) => number): TwinTerm => ({
  k: t.k,
  factors: t.factors.map((f) => renameFactor(shape, f, name)),
});

/** into[index[o]] += from[o] for every o with a source. */
function scatter(size: number, index: ArrayLike<number>, from: Dense): Element[] {
  const into = new Array<Element>(size).fill(ZERO);
  for (const [o, x] of from.entries()) if (index[o]! >= 0) into[index[o]!] = add(into[index[o]!]!, x);
  return into;
}

type Step<K extends View['kind']> = Extract<View, { readonly kind: K }>;
type AxisStep = Step<'slice' | 'pad' | 'dilate' | 'gather' | 'window' | 'broadcast'>;

/** Axes of the result that a step makes out of its axis; a broadcast makes one out of none. */
const spanOf = (step: AxisStep): readonly number[] =>
  step.kind === 'window' ? [step.axis, step.axis + 1] : [step.axis];

/** A factor that has all axes of a step's span, carried to the operand by the step's own index map. */
function carryFactor(step: AxisStep, f: TwinFactor, shape: Shape, from: Shape): TwinFactor {
  const span = spanOf(step);
  const before = f.axes.filter((axis) => axis < span[0]!);
  const behind = f.axes.filter((axis) => axis > span.at(-1)!);
  const [outer, inner] = [cellCount(shape, before), cellCount(shape, behind)];
  const own = step.kind === 'broadcast' ? [] : [step.axis];
  const operand = [outer, ...own.map((axis) => from[axis]!), inner];
  const { index } = viewIndex([{ ...step, axis: 1 }], operand);
  const shift = own.length - span.length;
  const axes = [...before, ...own.filter((axis) => from[axis] !== 1), ...behind.map((axis) => axis + shift)];
  return { axes, values: scatter(sizeOf(operand), index, f.values) };
}

/** True if a step that nothing is known to depend on reads every cell of its operand exactly once. */
function readsAllOnce(step: AxisStep, shape: Shape, from: Shape): boolean {
  return (
    step.kind === 'pad' || step.kind === 'dilate' || (step.kind === 'slice' && shape[step.axis] === from[step.axis])
  );
}

function carryAlong(step: AxisStep, t: TwinTerm, shape: Shape, from: Shape): TwinTerm {
  const span = spanOf(step);
  const touching = t.factors.filter((f) => f.axes.some((axis) => span.includes(axis)));
  const others = t.factors.filter((f) => !touching.includes(f));
  const shift = from.length - shape.length;
  const below = others.map((f) => renameFactor(shape, f, (axis) => (axis > span[0]! ? axis + shift : axis)));
  if (touching.length === 0) {
    if (readsAllOnce(step, shape, from)) return { k: t.k, factors: below };
    if (step.kind === 'broadcast') return { k: scale(t.k, BigInt(step.size)), factors: below };
  }
  const wide = span.filter((axis) => shape[axis] !== 1);
  const joint = joinFactors(shape, touching, ascending([...wide, ...touching.flatMap((f) => f.axes)]));
  return normalized(t.k, [...below, carryFactor(step, joint, shape, from)]);
}

/** Runs of axes of both shapes with the same cells, as short as possible; axes of size 1 belong to none. */
function axisRuns(
  from: Shape,
  shape: Shape,
): { readonly operand: readonly number[]; readonly result: readonly number[] }[] {
  /** Cells passed behind each wide axis: a run ends where both shapes have passed the same number. */
  const ends = (s: Shape): Map<number, number> =>
    new Map(wideAxes(s).map((axis) => [sizeOf(s.slice(0, axis + 1)), axis]));
  const [a, b] = [ends(from), ends(shape)];
  const runs: { operand: readonly number[]; result: readonly number[] }[] = [];
  let [i, j] = [-1, -1];
  for (const [passed, axis] of a) {
    const other = b.get(passed);
    if (other === undefined) continue;
    runs.push({
      operand: wideAxes(from).filter((x) => x > i && x <= axis),
      result: wideAxes(shape).filter((x) => x > j && x <= other),
    });
    [i, j] = [axis, other];
  }
  return runs;
}

function carryReshape(t: TwinTerm, shape: Shape, from: Shape): TwinTerm {
  const runs = axisRuns(from, shape);
  let { factors } = t;
  for (const { operand, result } of runs) {
    const touching = factors.filter((f) => f.axes.some((axis) => result.includes(axis)));
    if (touching.length === 0 || (operand.length === 1 && result.length === 1)) continue;
    const axes = ascending([...result, ...touching.flatMap((f) => f.axes)]);
    factors = [...factors.filter((f) => !touching.includes(f)), joinFactors(shape, touching, axes)];
  }
  const operandOf = (f: TwinFactor): number[] =>
    runs.flatMap(({ operand, result }) => (f.axes.includes(result[0]!) ? operand : []));
  return { k: t.k, factors: factors.map((f) => ({ axes: operandOf(f), values: f.values })) };
}

/** The term on the operand of view steps. */
export function termThroughViews(term: TwinTerm, steps: readonly View[], operand: Shape): TwinTerm {
  const shapes = [operand];
  for (const step of steps) shapes.push(viewShape(step, shapes.at(-1)!));
  let t = term;
  for (const [i, step] of [...steps.entries()].reverse()) {
    const [from, shape] = [shapes[i]!, shapes[i + 1]!];
    if (step.kind === 'reshape') t = carryReshape(t, shape, from);
    else if (step.kind === 'transpose') t = renameAll(shape, t, (axis) => step.perm[axis]!);
    else t = carryAlong(step, t, shape, from);
  }
  return t;
}

/** The term on the operand that a concatenation puts at `start` of its axis. */
export function termThroughConcat(t: TwinTerm, shape: Shape, axis: number, start: number, size: number): TwinTerm {
  const after = shape[axis]! - start - size;
  const from = shape.map((n, a) => (a === axis ? size : n));
  const pad = { kind: 'pad', axis, before: start, after } as const;
  const factors = t.factors.map((f) => (f.axes.includes(axis) ? carryFactor(pad, f, shape, from) : f));
  return normalized(t.k, factors);
}

/** The term on the operand of a sum over axes. */
export function termThroughSum(t: TwinTerm, axes: readonly number[], from: Shape): TwinTerm {
  const kept = [...from.keys()].filter((axis) => !axes.includes(axis));
  return { k: t.k, factors: t.factors.map((f) => ({ axes: f.axes.map((axis) => kept[axis]!), values: f.values })) };
}

/** Operand x of a contraction, by letters, and the other one, which is fixed. */
export interface FixedProduct {
  readonly out: string;
  readonly x: string;
  readonly fixed: string;
  readonly sizes: ReturnType<typeof letterSizes>;
  readonly values: readonly bigint[];
}

/** The term on operand x. A fixed operand whose cells are all equal is a scalar and joins nothing. */
export function termThroughProduct(t: TwinTerm, { out, x, fixed, sizes, values }: FixedProduct): TwinTerm {
  const wide = (letters: string): string => [...letters].filter((l) => sizes.get(l) !== 1).join('');
  const lettered = t.factors.map((f) => ({ ...f, names: f.axes.map((axis) => out[axis]!).join('') }));
  const isScalar = values.every((v) => v === values[0]);
  let k = isScalar ? scale(t.k, values[0]!) : t.k;
  let groups = lettered.map((f) => ({ parts: [f], names: f.names }));
  if (!isScalar) {
    const touching = lettered.filter((f) => [...f.names].some((l) => fixed.includes(l)));
    const own = { axes: [], values: values.map(fromBase), names: fixed };
    const names = [...new Set(wide(fixed + touching.map((f) => f.names).join('')))].join('');
    groups = [...groups.filter((g) => !touching.includes(g.parts[0]!)), { parts: [...touching, own], names }];
  }
  for (const l of new Set(out + fixed))
    if (!x.includes(l) && groups.every((g) => !g.names.includes(l))) k = scale(k, BigInt(sizes.get(l)!));
  const factors = groups.map(({ parts, names }): TwinFactor => {
    const kept = [...x].filter((l) => names.includes(l)).join('');
    const axes = [...kept].map((l) => x.indexOf(l));
    if (parts.length === 1 && kept === names) return { axes, values: parts[0]!.values };
    const cells = parts.map((p) => cellsOf(names, p.names, sizes));
    const to = cellsOf(names, kept, sizes);
    const products = to.map((_, e) => product(parts.map((p, i) => p.values[cells[i]![e]!]!)));
    return { axes, values: scatter(sizeOf([...kept].map((l) => sizes.get(l)!)), to, products) };
  });
  return normalized(k, factors);
}

const axesKey = (f: TwinFactor): string => f.axes.join();

/**
 * Adds a term to those of a wire: to the first with factors over the same groups of axes of which all, or all but one,
 * are the same objects; behind them if there is none.
 */
export function mergeTerm(list: TwinTerm[], t: TwinTerm): void {
  for (const [at, have] of list.entries()) {
    const groups = new Map(have.factors.map((f) => [axesKey(f), f]));
    if (groups.size !== t.factors.length || t.factors.some((f) => !groups.has(axesKey(f)))) continue;
    const different = t.factors.filter((f) => groups.get(axesKey(f))!.values !== f.values);
    if (different.length > 1) continue;
    const [f] = different;
    if (f === undefined) {
      list[at] = { k: add(have.k, t.k), factors: have.factors };
      return;
    }
    const g = groups.get(axesKey(f))!;
    const values = f.values.map((x, e) => add(multiply(t.k, x), multiply(have.k, g.values[e]!)));
    list[at] = { k: ONE, factors: have.factors.map((h) => (h === g ? { axes: g.axes, values } : h)) };
    return;
  }
  list.push(t);
}

/** All cells of a term. */
export function denseOf({ k, factors }: TwinTerm, shape: Shape): Dense {
  const { values } = joinFactors(shape, factors, wideAxes(shape));
  return values.map((x) => multiply(k, x));
}
