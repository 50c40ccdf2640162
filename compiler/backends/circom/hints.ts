// Hints as assignments without constraints, followed by the proof of each output's interval.
import type { Instr } from '../../ir/circuit.ts';
import type { Shape } from '../../ir/tensor.ts';
import { overElements, provenRange, type TemplateContext, whole, wholes } from './context.ts';
import { bracketed, type Element, element, subscripted } from './element.ts';
import { type Index, showIndex } from './index-expression.ts';
import { commentText } from './names.ts';
import { rangeProof } from './proofs.ts';
import { loopsOf } from './writer.ts';

type HintInstr = Extract<Instr, { readonly op: 'hint' }>;

/** Names of a hint's outputs. */
export function hintOutputName(i: HintInstr, output: number): string {
  switch (i.hint.kind) {
    case 'divmod':
    case 'divide':
      return output === 0 ? 'quotient' : 'remainder';
    case 'digits':
      return `digit${output}`;
    case 'isNegative':
      return 'negative';
    case 'isqrt':
      return 'root';
    case 'oneHot':
    case 'argmax':
    case 'topk':
      return 'hot';
  }
}

export function hintStatements(cx: TemplateContext, i: HintInstr): void {
  for (const w of i.out) cx.declare(w);
  const elementwise = elementAssignments(cx, i);
  if (elementwise === undefined) {
    cx.writer.line(`// ${commentText(cx.shortLabel(i.label))}`);
    rowAssignments(cx, i);
    for (const [k, w] of i.out.entries())
      if (!i.proved[k]) provenRange(cx, w, cx.scope.circuit.wires[w]!.range, i.label);
    return;
  }
  const intervals = i.out.map((w, k) => {
    const { lo, hi } = cx.scope.circuit.wires[w]!.range;
    return `${hintOutputName(i, k)} in [${lo}, ${hi}]${i.proved[k] ? ' (proved below)' : ''}`;
  });
  cx.writer.line(`// ${commentText(`${cx.shortLabel(i.label)}: ${intervals.join(', ')}`)}`);
  overElements(cx, i.in, (ix, loops) => {
    elementwise(ix, loops);
    for (const [k, w] of i.out.entries()) {
      const { range } = cx.scope.circuit.wires[w]!;
      if (!i.proved[k]) cx.writer.line(rangeProof(element(cx, w, ix), range, cx.use));
    }
  });
}

/** The element as something short enough to be repeated. */
function named(cx: TemplateContext, e: Element, loops: number): string {
  if (e.atomic) return e.text;
  const name = cx.local('value', loops);
  cx.writer.line(`var ${name} = ${e.text};`);
  return name;
}

/** Writer of the assignments for one element; undefined for hints that act on rows. */
function elementAssignments(
  cx: TemplateContext,
  i: HintInstr,
): ((ix: readonly Index[], loops: number) => void) | undefined {
  const out = (k: number, ix: readonly Index[]): string => subscripted(cx.nameOf(i.out[k]!), ix);
  const { writer, use } = cx;
  const { hint } = i;
  switch (hint.kind) {
    case 'divmod':
    case 'divide':
      return (ix, loops) => {
        use('integers');
        const [e, divisor] = wholes(cx, i.in, ix, loops);
        const by = hint.kind === 'divmod' ? String(hint.by) : bracketed(divisor!);
        const x = named(cx, e!, loops);
        writer.line(`${out(0, ix)} <-- floorDiv(${x}, ${by});`);
        writer.line(`${out(1, ix)} <-- ${x} - ${by} * ${out(0, ix)};`);
      };
    case 'digits':
      return (ix, loops) => {
        use('integers');
        const [e] = wholes(cx, i.in, ix, loops);
        const rest = cx.local('rest', loops);
        const base = 1n << BigInt(hint.bits);
        writer.line(`var ${rest} = ${e!.text};`);
        for (let k = 0; k < hint.n - 1; k++) {
          writer.line(`${out(k, ix)} <-- ${rest} - ${base} * floorDiv(${rest}, ${base});`);
          writer.line(`${rest} = floorDiv(${rest}, ${base});`);
        }
        writer.line(`${out(hint.n - 1, ix)} <-- ${rest};`);
      };
    case 'isNegative':
      return (ix, loops) => {
        const [e] = wholes(cx, i.in, ix, loops);
        writer.line(`${out(0, ix)} <-- ${bracketed(e!)} < 0;`);
      };
    case 'isqrt':
      return (ix, loops) => {
        use('integers');
        const [e] = wholes(cx, i.in, ix, loops);
        writer.line(`${out(0, ix)} <-- integerSqrt(${e!.text});`);
      };
    default:
      return undefined;
  }
}

function rowAssignments(cx: TemplateContext, i: HintInstr): void {
  const { writer } = cx;
  const name = cx.nameOf(i.out[0]!);
  const shape: Shape = cx.scope.circuit.wires[i.in[0]!]!.shape;
  const along = (n: number, loops: number, body: (k: Index) => void): void =>
    writer.nest([n], ([k]) => body(k!), loops);
  if (i.hint.kind === 'oneHot') {
    const { n } = i.hint;
    writer.nest(shape, (ix) => {
      const loops = loopsOf(shape);
      const [e] = wholes(cx, i.in, ix, loops);
      const x = named(cx, e!, loops);
      along(n, loops, (k) => writer.line(`${subscripted(name, [...ix, k])} <-- ${x} == ${showIndex(k)};`));
    });
    return;
  }
  cx.use('integers');
  const rows = shape.slice(0, -1);
  const n = shape.at(-1)!;
  const loops = loopsOf(rows);
  const { hint } = i;
  writer.nest(rows, (ix) => {
    const row = cx.local('row', loops);
    writer.line(`var ${row}[${n}];`);
    along(n, loops, (k) => {
      const e = whole(cx, element(cx, i.in[0]!, [...ix, k]), loops + loopsOf([n]));
      writer.line(`${subscripted(row, [k])} = ${e.text};`);
    });
    if (hint.kind === 'topk') {
      along(n, loops, (k) => {
        const rank = cx.local('rank', loops + loopsOf([n]));
        writer.line(`var ${rank} = rankOf(${n}, ${row}, ${showIndex(k)});`);
        along(hint.k, loops + loopsOf([n]), (place) =>
          writer.line(`${subscripted(name, [...ix, place, k])} <-- ${rank} == ${showIndex(place)};`),
        );
      });
      return;
    }
    const best = cx.local('best', loops);
    const choose = hint.kind === 'argmax' && hint.last ? 'lastMaximum' : 'firstMaximum';
    writer.line(`var ${best} = ${choose}(${n}, ${row});`);
    along(n, loops, (k) => writer.line(`${subscripted(name, [...ix, k])} <-- ${best} == ${showIndex(k)};`));
  });
}
