// Constants as Circom text: nested array literals, and the one number that a constant tensor repeats.
import type { Circuit, Instr } from '../../ir/circuit.ts';
import type { Shape, Tensor } from '../../ir/tensor.ts';
import { viewReadsZero } from '../../ir/view.ts';

/** Constants of at most this many elements stand where they are used; others are functions of their own file. */
export const MAX_LITERAL_ELEMENTS = 16;

/** `[[1, -2], [3, 4]]`; axes but the last begin new lines if `indent` is given. */
export function arrayLiteral(t: Tensor, indent?: string): string {
  const part = (shape: Shape, offset: number, depth: number): string => {
    const [size, ...inner] = shape;
    if (size === undefined) return String(t.data[offset]);
    const stride = inner.reduce((n, d) => n * d, 1);
    const items = Array.from({ length: size }, (_, k) => part(inner, offset + k * stride, depth + 1));
    if (inner.length === 0 || indent === undefined) return `[${items.join(', ')}]`;
    const margin = indent + '  '.repeat(depth);
    return `[\n${margin}  ${items.join(`,\n${margin}  `)}\n${margin}]`;
  };
  return part(t.shape, 0, 0);
}

/** `function name() { return ...; }`. */
export function constantFunction(name: string, t: Tensor): string {
  return `function ${name}() {\n  return ${arrayLiteral(t, '  ')};\n}\n`;
}

/** Fixed wires all elements of which are the same number, however large the views of it are. */
export function literals(c: Circuit, fixed: ReadonlySet<number>): ReadonlyMap<number, bigint> {
  const known = new Map<number, bigint>();
  for (const i of c.instrs) {
    if (!('out' in i) || typeof i.out !== 'number' || !fixed.has(i.out)) continue;
    const value = literalOf(c, i, known);
    if (value !== undefined) known.set(i.out, value);
  }
  return known;
}

function literalOf(c: Circuit, i: Instr, known: ReadonlyMap<number, bigint>): bigint | undefined {
  switch (i.op) {
    case 'constant': {
      const { data } = c.constants.get(i.digest)!;
      const first = data[0];
      return first !== undefined && data.every((v) => v === first) ? BigInt(first) : undefined;
    }
    case 'view': {
      const value = known.get(i.in);
      return value !== 0n && i.steps.some(viewReadsZero) ? undefined : value;
    }
    case 'deduce':
      return known.get(i.in);
    case 'affine': {
      let sum = i.c;
      for (const [k, w] of i.in.entries()) {
        const value = known.get(w);
        if (value === undefined) return undefined;
        sum += i.k[k]! * value;
      }
      return sum;
    }
    default:
      return undefined;
  }
}
