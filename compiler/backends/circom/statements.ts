// One loop nest per instruction of the circuit IR.
import type { Instr } from '../../ir/circuit.ts';
import { type Shape, sizeOf } from '../../ir/tensor.ts';
import { assignment, overElements, provenRange, shapeOf, type TemplateContext, whole, wholes } from './context.ts';
import { bracketed, type Element, element, flatten, linearText, subscripted } from './element.ts';
import { hintStatements } from './hints.ts';
import { affineIndex, type Index } from './index-expression.ts';
import { commentText } from './names.ts';
import { orderLookup, rangeProof } from './proofs.ts';
import { isBilinear, summedLetters } from './storage.ts';
import { dimensions, loopsOf } from './writer.ts';

/** Sums of more terms are written as an array that `sumOf` adds in pairs: the compiler's time grows with their square. */
const MAX_DIRECT_TERMS = 32;

export function statement(cx: TemplateContext, i: Instr): void {
  switch (i.op) {
    case 'affine':
      affineStatement(cx, i);
      break;
    case 'sum':
      sumStatement(cx, i);
      break;
    case 'concat':
      concatStatement(cx, i);
      break;
    case 'contract':
      contractStatement(cx, i);
      break;
    case 'hint':
      hintStatements(cx, i);
      break;
    case 'lookup':
      lookupStatement(cx, i);
      break;
    case 'range':
      provenRange(cx, i.in, i.to, i.label);
      break;
    case 'zero':
      zeroStatement(cx, i);
      break;
    default:
  }
}

function affineStatement(cx: TemplateContext, i: Extract<Instr, { readonly op: 'affine' }>): void {
  if (cx.plan.get(i.out) === 'inline') return;
  cx.declare(i.out);
  overElements(cx, i.in, (ix, loops) => {
    const terms = wholes(cx, i.in, ix, loops).map((e, k) => [e, i.k[k]!] as const);
    cx.writer.line(assignment(cx, i.out, ix, linearText(terms, i.c)));
  });
}

/**
 * Writes the loops that add up terms, innermost in a nest that already has `loops` loops, and returns the text of the sum.
 * `term` writes what it needs for one term and calls `add` with its text, or not at all for zero.
 */
function accumulate(
  cx: TemplateContext,
  sizes: Shape,
  loops: number,
  term: (ix: readonly Index[], add: (text: string) => void) => void,
): string {
  const n = sizeOf(sizes);
  const direct = n <= MAX_DIRECT_TERMS;
  const name = cx.local(direct ? 'acc' : 'terms', loops);
  cx.writer.line(direct ? `var ${name} = 0;` : `var ${name}[${n}];`);
  cx.writer.nest(
    sizes,
    (ix) =>
      term(ix, (text) =>
        cx.writer.line(direct ? `${name} += ${text};` : `${subscripted(name, [flatten(ix, sizes)])} = ${text};`),
      ),
    loops,
  );
  if (direct) return name;
  cx.use('integers');
  return `sumOf(${n}, ${name})`;
}

function sumStatement(cx: TemplateContext, i: Extract<Instr, { readonly op: 'sum' }>): void {
  const [from, to] = [shapeOf(cx, i.in), shapeOf(cx, i.out)];
  cx.declare(i.out);
  cx.writer.nest(to, (outer) => {
    const sum = accumulate(
      cx,
      i.axes.map((a) => from[a]!),
      loopsOf(to),
      (inner, add) => {
        let next = 0;
        const ix = from.map((_, a) => (i.axes.includes(a) ? inner[i.axes.indexOf(a)]! : outer[next++]!));
        const e = element(cx, i.in, ix);
        cx.writer.guarded(e.guards, () => add(e.text));
      },
    );
    cx.writer.line(assignment(cx, i.out, outer, sum));
  });
}

function concatStatement(cx: TemplateContext, i: Extract<Instr, { readonly op: 'concat' }>): void {
  cx.declare(i.out);
  let offset = 0;
  for (const w of i.in) {
    const start = offset;
    overElements(cx, [w], (ix, loops) => {
      const e = whole(cx, element(cx, w, ix), loops);
      const to = ix.map((x, axis) => (axis === i.axis ? affineIndex(x, 1, start) : x));
      cx.writer.line(assignment(cx, i.out, to, e.text));
    });
    offset += shapeOf(cx, w)[i.axis]!;
  }
}

function contractStatement(cx: TemplateContext, i: Extract<Instr, { readonly op: 'contract' }>): void {
  const shape = shapeOf(cx, i.out);
  const loops = loopsOf(shape);
  const summed = summedLetters(cx.scope.circuit, i);
  const sizes = summed.map(([, n]) => n);
  const operands = (outer: readonly Index[], inner: readonly Index[]): readonly [Element, Element] => {
    const at = (names: string): readonly Index[] =>
      [...names].map((l) => outer[i.spec.out.indexOf(l)] ?? inner[summed.findIndex(([s]) => s === l)]!);
    return [element(cx, i.in[0], at(i.spec.a)), element(cx, i.in[1], at(i.spec.b))];
  };
  cx.declare(i.out);
  if (sizes.length === 0) {
    cx.writer.nest(shape, (ix) => {
      const [a, b] = operands(ix, []);
      const product = whole(cx, productOf(a, b), loops);
      cx.writer.line(assignment(cx, i.out, ix, product.text));
    });
    return;
  }
  const products = isBilinear(i, cx.scope.fixed) ? cx.fresh('product') : undefined;
  if (products !== undefined) cx.writer.line(`signal ${products}${dimensions([...shape, ...sizes])};`);
  cx.writer.nest(shape, (outer) => {
    const sum = accumulate(cx, sizes, loops, (inner, add) => {
      const product = productOf(...operands(outer, inner));
      cx.writer.guarded(product.guards, () => {
        if (products === undefined) {
          add(product.text);
          return;
        }
        const cell = subscripted(products, [...outer, ...inner]);
        cx.writer.line(`${cell} <== ${product.text};`);
        add(cell);
      });
    });
    cx.writer.line(assignment(cx, i.out, outer, sum));
  });
}

function productOf(a: Element, b: Element): Element {
  const guards = [...a.guards, ...b.guards];
  if (a.text === '1') return { ...b, guards };
  if (b.text === '1') return { ...a, guards };
  return { text: `${bracketed(a)} * ${bracketed(b)}`, atomic: false, guards };
}

function lookupStatement(cx: TemplateContext, i: Extract<Instr, { readonly op: 'lookup' }>): void {
  const table = cx.scope.circuit.tables.get(i.table)!;
  const template = table.kind === 'data' && table.domain.lo !== table.domain.hi ? cx.tableTemplate(i.table) : '';
  cx.writer.line(`// ${commentText(cx.shortLabel(i.label))}`);
  for (const w of i.out) cx.declare(w);
  overElements(cx, [i.in], (ix, loops) => {
    const key = whole(cx, element(cx, i.in, ix), loops);
    const outs = i.out.map((w) => subscripted(cx.nameOf(w), ix));
    if (table.kind === 'data' && table.domain.lo === table.domain.hi) {
      for (const [c, out] of outs.entries()) cx.writer.line(`${out} <== ${table.columns[c]!.data[0]};`);
      cx.writer.line(rangeProof(key, table.domain, cx.use));
      return;
    }
    if (table.kind === 'data') {
      const to = outs.length === 1 ? outs[0]! : `(${outs.join(', ')})`;
      cx.writer.line(`${to} <== ${template}()(${key.text});`);
      return;
    }
    const { value, proofs } = orderLookup(table, key, cx.use);
    cx.writer.line(`${outs[0]} <== ${value};`);
    for (const p of proofs) cx.writer.line(p);
  });
}

function zeroStatement(cx: TemplateContext, i: Extract<Instr, { readonly op: 'zero' }>): void {
  cx.writer.line(`// ${commentText(cx.shortLabel(i.label))}`);
  overElements(cx, [i.in], (ix, loops) => {
    const e = whole(cx, element(cx, i.in, ix), loops);
    cx.writer.line(`${e.text} === 0;`);
  });
}
