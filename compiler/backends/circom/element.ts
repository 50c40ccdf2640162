// One element of a wire as Circom text: views become index expressions and guards, short affine forms are written out.
import type { Instr } from '../../ir/circuit.ts';
import { type Shape, sizeOf, stridesOf } from '../../ir/tensor.ts';
import { type View, viewShape } from '../../ir/view.ts';
import {
  addIndex,
  affineIndex,
  atomIndex,
  bounded,
  constantIndex,
  divideIndex,
  type Index,
  showIndex,
  within,
} from './index-expression.ts';
import type { Scope, Storage } from './storage.ts';

/** Text of an element. Where a guard is false the element is 0 and `text` must not be evaluated. */
export interface Element {
  readonly text: string;
  /** True if the text needs no parentheses as a factor or after a minus. */
  readonly atomic: boolean;
  /** Conditions on loop variables. */
  readonly guards: readonly string[];
}

/** What elements need to know about the template that they stand in. */
export interface ElementContext {
  readonly scope: Scope;
  readonly plan: ReadonlyMap<number, Storage>;
  /** Identifier of a wire that is kept as a signal or a variable. */
  nameOf(wire: number): string;
  /** Fixed wires that repeat one number. */
  readonly literals: ReadonlyMap<number, bigint>;
  /** Identifier of a `var` array with the entries of a static gather. */
  indexArray(index: Int32Array): string;
}

/** The element of a wire at the given indices, one per axis. */
export function element(cx: ElementContext, wire: number, ix: readonly Index[]): Element {
  const guards: string[] = [];
  let [w, at] = [wire, ix];
  for (;;) {
    const literal = cx.literals.get(w);
    if (literal !== undefined) return { text: String(literal), atomic: literal >= 0n, guards };
    const storage = cx.plan.get(w);
    if (storage === undefined) w = cx.scope.sameAs[w]!;
    const i = cx.scope.circuit.instrs[cx.scope.definedBy[w]!]!;
    if (storage === 'inline' && i.op === 'affine') return { ...affineElement(cx, i, at), guards };
    if (storage !== 'alias' || (i.op !== 'view' && i.op !== 'range' && i.op !== 'deduce'))
      return { text: subscripted(cx.nameOf(w), at), atomic: true, guards };
    if (i.op === 'view') {
      const seen = throughViews(cx, i, at);
      guards.push(...seen.guards);
      at = seen.ix;
    }
    w = i.in;
  }
}

/** `name[i][j + 1]`. */
export function subscripted(name: string, ix: readonly Index[]): string {
  return name + ix.map((x) => `[${showIndex(x)}]`).join('');
}

/** Text as a factor or a subtrahend. */
export function bracketed(e: Pick<Element, 'text' | 'atomic'>): string {
  return e.atomic ? e.text : `(${e.text})`;
}

function affineElement(
  cx: ElementContext,
  i: Extract<Instr, { readonly op: 'affine' }>,
  ix: readonly Index[],
): Element {
  const terms = i.in.map((w, t) => [element(cx, w, ix), i.k[t]!] as const);
  return { text: linearText(terms, i.c), atomic: false, guards: [] };
}

/** `2 * x - y + 7`; positive terms first. */
export function linearText(
  terms: readonly (readonly [Pick<Element, 'text' | 'atomic'>, bigint])[],
  constant: bigint,
): string {
  const parts: string[] = [];
  const add = (negative: boolean, text: string): void => {
    parts.push(parts.length === 0 ? (negative ? `-${text}` : text) : negative ? ` - ${text}` : ` + ${text}`);
  };
  const ordered = [...terms.filter(([, k]) => k > 0n), ...terms.filter(([, k]) => k < 0n)];
  if (constant > 0n && (ordered[0]?.[1] ?? 0n) < 0n) add(false, String(constant));
  const leads = parts.length > 0;
  for (const [e, k] of ordered) {
    const size = k < 0n ? -k : k;
    const text = size === 1n ? (k > 0n ? e.text : bracketed(e)) : `${size} * ${bracketed(e)}`;
    add(k < 0n, text);
  }
  if (parts.length === 0) return String(constant);
  if (constant !== 0n && !leads) add(constant < 0n, String(constant < 0n ? -constant : constant));
  return parts.join('');
}

interface Seen {
  readonly ix: readonly Index[];
  readonly guards: readonly string[];
}

function throughViews(cx: ElementContext, i: Extract<Instr, { readonly op: 'view' }>, ix: readonly Index[]): Seen {
  const shapes: Shape[] = [cx.scope.circuit.wires[i.in]!.shape];
  for (const v of i.steps) shapes.push(viewShape(v, shapes.at(-1)!));
  let seen: Seen = { ix, guards: [] };
  for (let k = i.steps.length - 1; k >= 0; k--) {
    const inner = throughView(cx, i.steps[k]!, shapes[k]!, shapes[k + 1]!, seen.ix);
    seen = { ix: inner.ix, guards: [...seen.guards, ...inner.guards] };
  }
  return seen;
}

/** Indices into the operand of a step, from indices into its result. */
function throughView(cx: ElementContext, v: View, from: Shape, to: Shape, ix: readonly Index[]): Seen {
  const replaced = (index: Index, guards: readonly string[] = [], count = 1): Seen =>
    'axis' in v ? { ix: [...ix.slice(0, v.axis), index, ...ix.slice(v.axis + count)], guards } : { ix, guards };
  switch (v.kind) {
    case 'transpose': {
      const inner: Index[] = [...ix];
      v.perm.forEach((axis, k) => {
        inner[axis] = ix[k]!;
      });
      return { ix: inner, guards: [] };
    }
    case 'reshape':
      return { ix: unflatten(flatten(ix, to), from), guards: [] };
    case 'broadcast':
      return { ix: [...ix.slice(0, v.axis), ...ix.slice(v.axis + 1)], guards: [] };
    case 'slice':
      return replaced(affineIndex(ix[v.axis]!, v.step, v.start));
    case 'window':
      return replaced(addIndex(affineIndex(ix[v.axis]!, v.stride), ix[v.axis + 1]!, v.dilation), [], 2);
    case 'pad': {
      const size = from[v.axis]!;
      const inner = affineIndex(ix[v.axis]!, 1, -v.before);
      return replaced(within(inner, size), boundGuards(inner, size));
    }
    case 'dilate': {
      const { quotient, remainder } = divideIndex(ix[v.axis]!, v.by);
      const hit = remainder.lo === remainder.hi && remainder.lo === 0;
      return replaced(within(quotient, from[v.axis]!), hit ? [] : [`${showIndex(remainder)} == 0`]);
    }
    case 'gather':
      return gathered(cx, v.index, ix[v.axis]!, replaced);
  }
}

function gathered(
  cx: ElementContext,
  index: Int32Array,
  at: Index,
  replaced: (index: Index, guards?: readonly string[]) => Seen,
): Seen {
  const step = (index[1] ?? 0) - (index[0] ?? 0);
  if (index.every((v, k) => v >= 0 && v === index[0]! + step * k))
    return replaced(affineIndex(at, step, index[0] ?? 0));
  const text = `${cx.indexArray(index)}[${showIndex(at)}]`;
  const most = index.reduce((a, b) => Math.max(a, b), 0);
  return replaced(atomIndex(text, 0, most), index.includes(-1) ? [`${text} >= 0`] : []);
}

/** Conditions for 0 <= x < size, as far as the bounds of x leave them open. */
function boundGuards(x: Index, size: number): readonly string[] {
  const text = showIndex(x);
  return [...(x.lo < 0 ? [`${text} >= 0`] : []), ...(x.hi >= size ? [`${text} < ${size}`] : [])];
}

/** Row-major position of indices in a tensor of the given shape. */
export function flatten(ix: readonly Index[], shape: Shape): Index {
  const strides = stridesOf(shape);
  return ix.reduce((sum, x, axis) => addIndex(sum, bounded(x), strides[axis]!), constantIndex(0));
}

function unflatten(flat: Index, shape: Shape): readonly Index[] {
  let rest = within(flat, sizeOf(shape));
  return stridesOf(shape).map((stride, axis) => {
    if (shape[axis] === 1) return constantIndex(0);
    const { quotient, remainder } = divideIndex(rest, stride);
    rest = remainder;
    return within(quotient, shape[axis]!);
  });
}
