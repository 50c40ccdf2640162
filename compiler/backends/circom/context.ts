// What the statements of one template share: names, declarations, guarded operands, proofs of intervals.
import type { Shape } from '../../ir/tensor.ts';
import { type Element, type ElementContext, element, subscripted } from './element.ts';
import type { Index } from './index-expression.ts';
import { commentText } from './names.ts';
import { rangeProof, type Use } from './proofs.ts';
import { refineLoops } from './refinement.ts';
import { loopsOf, type Writer } from './writer.ts';

/** What statements need to know about the template that they stand in. */
export interface TemplateContext extends ElementContext {
  readonly writer: Writer;
  readonly use: Use;
  /** Writes the declaration of a stored wire, unless it has been written before. */
  declare(wire: number): void;
  /** An identifier for a helper of the template. */
  fresh(base: string): string;
  /** A variable that is declared inside a loop nest; outside of loops (`loops` = 0) a fresh one. */
  local(base: string, loops: number): string;
  /** A constraint's label without the path of the block. */
  shortLabel(label: string): string;
  /** Template of a data table. */
  tableTemplate(digest: string): string;
}

/** Shape of a wire. */
export const shapeOf = (cx: TemplateContext, wire: number): Shape => cx.scope.circuit.wires[wire]!.shape;

/** Stored wires are assigned: signals with a constraint, variables without. */
export function assignment(cx: TemplateContext, wire: number, ix: readonly Index[], value: string): string {
  return `${subscripted(cx.nameOf(wire), ix)} ${cx.plan.get(wire) === 'variable' ? '=' : '<=='} ${value};`;
}

/** An element that is always defined: one under a guard goes through a variable that is 0 where the guard fails. */
export function whole(cx: TemplateContext, e: Element, loops: number, base = 'padded'): Element {
  if (e.guards.length === 0) return e;
  const name = cx.local(base, loops);
  cx.writer.line(`var ${name} = 0;`);
  cx.writer.guarded(e.guards, () => cx.writer.line(`${name} = ${e.text};`));
  return { text: name, atomic: true, guards: [] };
}

export function wholes(cx: TemplateContext, wires: readonly number[], ix: readonly Index[], loops: number): Element[] {
  return wires.map((w, k) => whole(cx, element(cx, w, ix), loops, k === 0 ? 'padded' : `padded_${k + 1}`));
}

/** Loops over the elements of wires of equal shape; `loops` is their number. */
export function overElements(
  cx: TemplateContext,
  wires: readonly number[],
  body: (ix: readonly Index[], loops: number) => void,
): void {
  const axes = refineLoops(cx, shapeOf(cx, wires[0]!), wires);
  cx.writer.nest(axes, (ix) => body(ix, loopsOf(axes)));
}

/** Proves an interval for each element of a wire. */
export function provenRange(
  cx: TemplateContext,
  wire: number,
  to: { readonly lo: bigint; readonly hi: bigint },
  label: string,
): void {
  cx.writer.line(`// ${commentText(cx.shortLabel(label))} in [${to.lo}, ${to.hi}]`);
  overElements(cx, [wire], (ix, loops) => {
    const e = whole(cx, element(cx, wire, ix), loops);
    cx.writer.line(rangeProof(e, to, cx.use));
  });
}

/** Copies a wire, seen through its views, into a declared signal. */
export function copyInto(cx: TemplateContext, name: string, wire: number): void {
  overElements(cx, [wire], (ix, loops) => {
    const e = whole(cx, element(cx, wire, ix), loops);
    cx.writer.line(`${subscripted(name, ix)} <== ${e.text};`);
  });
}
