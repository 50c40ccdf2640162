// Linear and bilinear instructions over bigints: exact whatever the size, for wide wires of the witness and for cheating runs.
import { type Circuit, type Instr, inputsOf } from '../circuit.ts';
import { type Contraction, contractionSizes, letters } from '../contraction.ts';
import { offsetsOf, type Shape, sizeOf, stridesOf } from '../tensor.ts';
import { viewIndex } from '../view.ts';

/** Reads all elements of a wire, row-major. */
export type ReadWire = (wire: number) => readonly bigint[];

/** Instructions without constraints: their result is a polynomial of degree at most two in their operands. */
export type ArithmeticInstr = Extract<
  Instr,
  { readonly op: 'constant' | 'affine' | 'view' | 'concat' | 'sum' | 'contract' | 'deduce' }
>;

export function isArithmetic(i: Instr): i is ArithmeticInstr {
  switch (i.op) {
    case 'constant':
    case 'affine':
    case 'view':
    case 'concat':
    case 'sum':
    case 'contract':
    case 'deduce':
      return true;
    default:
      return false;
  }
}

function strideOf(names: string, shape: Shape): (letter: string) => number {
  const strides = stridesOf(shape);
  return (l) => (names.includes(l) ? strides[names.indexOf(l)]! : 0);
}

/** For each output cell and each summed index, where the operands are read: out[o] = sum_s a[keptA[o] + sumA[s]] * b[..]. */
export interface ContractionPlan {
  readonly keptA: Int32Array;
  readonly keptB: Int32Array;
  readonly sumA: Int32Array;
  readonly sumB: Int32Array;
}

export function planContraction(c: Contraction, a: Shape, b: Shape): ContractionPlan {
  const sizes = contractionSizes(c, a, b);
  const kept = [...c.out];
  const summed = [...sizes.keys()].filter((l) => !c.out.includes(l));
  const [inA, inB] = [strideOf(c.a, a), strideOf(c.b, b)];
  const plan = (ls: readonly string[], stride: (l: string) => number): Int32Array =>
    offsetsOf(
      ls.map((l) => sizes.get(l)!),
      ls.map(stride),
    );
  return { keptA: plan(kept, inA), keptB: plan(kept, inB), sumA: plan(summed, inA), sumB: plan(summed, inB) };
}

function contractExact(plan: ContractionPlan, a: readonly bigint[], b: readonly bigint[]): bigint[] {
  const { keptA, keptB, sumA, sumB } = plan;
  return Array.from({ length: keptA.length }, (_, o) => {
    let sum = 0n;
    for (let s = 0; s < sumA.length; s++) sum += a[keptA[o]! + sumA[s]!]! * b[keptB[o]! + sumB[s]!]!;
    return sum;
  });
}

/**
 * Evaluator of the arithmetic instructions of one circuit over the integers. Index tables are computed once per
 * instruction, so that many runs of the same circuit share them.
 */
export function exactEvaluator(c: Circuit): (index: number, i: ArithmeticInstr, read: ReadWire) => readonly bigint[] {
  const views = new Map<number, Int32Array>();
  const contractions = new Map<number, ContractionPlan>();
  const once = <T>(cache: Map<number, T>, index: number, make: () => T): T => {
    const have = cache.get(index) ?? make();
    cache.set(index, have);
    return have;
  };
  const shapeOf = (wire: number): Shape => c.wires[wire]!.shape;
  return (index, i, read) => {
    switch (i.op) {
      case 'constant':
        return Array.from(c.constants.get(i.digest)!.data, BigInt);
      case 'deduce':
        return read(i.in);
      case 'affine': {
        const operands = i.in.map(read);
        return operands[0]!.map((_, e) => i.k.reduce((sum, k, j) => sum + k * operands[j]![e]!, i.c));
      }
      case 'view': {
        const x = read(i.in);
        const source = once(views, index, () => viewIndex(i.steps, shapeOf(i.in)).index);
        return Array.from(source, (k) => (k < 0 ? 0n : x[k]!));
      }
      case 'concat': {
        const outer = sizeOf(shapeOf(i.out).slice(0, i.axis));
        const out: bigint[] = [];
        for (let o = 0; o < outer; o++)
          for (const w of inputsOf(i)) {
            const x = read(w);
            const block = x.length / outer;
            for (let e = 0; e < block; e++) out.push(x[o * block + e]!);
          }
        return out;
      }
      case 'sum': {
        const shape = shapeOf(i.in);
        const names = letters(shape.length);
        const out = [...names].filter((_, axis) => !i.axes.includes(axis)).join('');
        const plan = once(contractions, index, () => planContraction({ a: names, b: '', out }, shape, []));
        return contractExact(plan, read(i.in), [1n]);
      }
      case 'contract': {
        const [a, b] = i.in;
        const plan = once(contractions, index, () => planContraction(i.spec, shapeOf(a), shapeOf(b)));
        return contractExact(plan, read(a), read(b));
      }
    }
  };
}
