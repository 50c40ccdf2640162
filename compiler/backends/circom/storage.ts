// How each wire of a template is kept: as a signal, as a variable that holds linear expressions, or nowhere but in its uses.
//
// A linear wire costs no row unless it becomes a signal, but each of its readers then repeats its terms. It becomes a signal
// where it leaves the template, and where repeating its terms costs more than a row.
import { type Circuit, type Instr, inputsOf, outputsOf } from '../../ir/circuit.ts';
import { contractionSizes } from '../../ir/contraction.ts';
import { sizeOf } from '../../ir/tensor.ts';
import { viewReadsZero } from '../../ir/view.ts';

/**
 * - `signal`: a signal array.
 * - `variable`: a `var` array of linear expressions (or of numbers, if the wire is fixed).
 * - `inline`: an affine form of few terms, written out where it is read.
 * - `alias`: another wire seen through a view or under a narrower interval.
 */
export type Storage = 'signal' | 'variable' | 'inline' | 'alias';

/** Terms of an affine form that is written out where it is read, and how deep such forms nest. */
const MAX_INLINE_TERMS = 4;
const MAX_INLINE_DEPTH = 3;
/** Non-zeros that are worth a row. */
const ROW_PRICE = 32;

/** The part of a circuit that one template is made of. */
export interface Scope {
  readonly circuit: Circuit;
  /** Instructions in order, those that compute fixed wires included. */
  readonly instrs: readonly number[];
  readonly fixed: ReadonlySet<number>;
  /** Instruction of the circuit that defines each wire. */
  readonly definedBy: Int32Array;
  /** The wire under whose name the same values enter a template. */
  readonly sameAs: Int32Array;
  /** Wires that must be signals: outputs of the template and arguments of other templates. */
  readonly forced: ReadonlySet<number>;
}

/** Product of two wires that the circuit computes. */
export function isBilinear(i: Instr, fixed: ReadonlySet<number>): boolean {
  return i.op === 'contract' && !i.in.some((w) => fixed.has(w));
}

/** Letters of a contraction that are summed, with their sizes. */
export function summedLetters(c: Circuit, i: Extract<Instr, { readonly op: 'contract' }>): [string, number][] {
  const sizes = contractionSizes(i.spec, c.wires[i.in[0]]!.shape, c.wires[i.in[1]]!.shape);
  return [...sizes].filter(([l]) => !i.spec.out.includes(l));
}

const productOf = (ns: readonly number[]): number => ns.reduce((m, n) => m * n, 1);

export function planStorage(s: Scope): ReadonlyMap<number, Storage> {
  const reads = countReads(s);
  const plan = new Map<number, Storage>();
  const terms = new Map<number, number>();
  const depths = new Map<number, number>();
  const termsOf = (w: number): number => (s.fixed.has(w) ? 0 : (terms.get(w) ?? 1));
  for (const index of s.instrs) {
    const i = s.circuit.instrs[index]!;
    const depth = Math.max(0, ...inputsOf(i).map((w) => depths.get(w) ?? 0));
    for (const w of outputsOf(i)) {
      const n = termsOfInstr(s, i, termsOf);
      const chosen = storageOf(s, i, w, n, reads, plan);
      const storage = chosen === 'inline' && depth >= MAX_INLINE_DEPTH ? 'variable' : chosen;
      plan.set(w, storage);
      terms.set(w, storage === 'signal' ? 1 : n);
      depths.set(w, storage === 'inline' ? depth + 1 : storage === 'alias' ? depth : 0);
    }
  }
  return plan;
}

function storageOf(
  s: Scope,
  i: Instr,
  w: number,
  terms: number,
  reads: ReadonlyMap<number, number>,
  plan: ReadonlyMap<number, Storage>,
): Storage {
  switch (i.op) {
    case 'port':
    case 'hint':
    case 'lookup':
      return 'signal';
    case 'view':
    case 'range':
    case 'deduce':
      return 'alias';
    case 'constant':
      return 'variable';
    case 'contract':
      if (isBilinear(i, s.fixed) && summedLetters(s.circuit, i).length === 0) return 'signal';
      break;
    default:
  }
  if (s.fixed.has(w)) return 'variable';
  if (s.forced.has(w)) return 'signal';
  const n = reads.get(w) ?? 0;
  // Compared per element: terms * reads when repeated, terms + 1 + reads and a row as a signal.
  if (terms > 1 && (terms - 1) * (n - 1) > ROW_PRICE) return 'signal';
  return i.op === 'affine' && terms <= MAX_INLINE_TERMS && i.in.every((x) => isPlain(s, x, plan))
    ? 'inline'
    : 'variable';
}

/** True if every cell of the wire, seen through its aliases, has a source: it can stand in the middle of an expression. */
function isPlain(s: Scope, wire: number, plan: ReadonlyMap<number, Storage>): boolean {
  for (let w = wire; plan.get(w) === 'alias'; ) {
    const i = s.circuit.instrs[s.definedBy[w]!]!;
    if (i.op === 'view' && i.steps.some(viewReadsZero)) return false;
    w = inputsOf(i)[0]!;
  }
  return true;
}

/** Signals in one element of an instruction's result. */
function termsOfInstr(s: Scope, i: Instr, termsOf: (w: number) => number): number {
  switch (i.op) {
    case 'affine':
      return i.in.reduce((n, w) => n + termsOf(w), 0);
    case 'sum':
      return termsOf(i.in) * productOf(i.axes.map((a) => s.circuit.wires[i.in]!.shape[a]!));
    case 'concat':
      return Math.max(...i.in.map(termsOf));
    case 'contract': {
      const n = productOf(summedLetters(s.circuit, i).map(([, size]) => size));
      if (isBilinear(i, s.fixed)) return n;
      return n * Math.max(termsOf(i.in[0]), termsOf(i.in[1]));
    }
    case 'view':
    case 'range':
    case 'deduce':
      return termsOf(i.in);
    default:
      return 1;
  }
}

/**
 * How often constraints read one element of each wire (on average), if nothing but forced wires is kept as a signal.
 * Hints read for free.
 */
function countReads(s: Scope): ReadonlyMap<number, number> {
  const reads = new Map<number, number>();
  const add = (w: number, n: number): void => {
    reads.set(w, (reads.get(w) ?? 0) + n);
  };
  const size = (w: number): number => Math.max(1, sizeOf(s.circuit.wires[w]!.shape));
  for (let k = s.instrs.length - 1; k >= 0; k--) {
    const i = s.circuit.instrs[s.instrs[k]!]!;
    // A wire that leaves is written once and read elsewhere.
    const own = (w: number): number => (s.forced.has(w) ? 1 : Math.max(1, reads.get(w) ?? 0));
    switch (i.op) {
      case 'view':
        add(i.in, (own(i.out) * size(i.out)) / size(i.in));
        break;
      case 'deduce':
        add(i.in, own(i.out));
        break;
      case 'range':
        add(i.in, 1 + (reads.get(i.out) ?? 0));
        break;
      case 'lookup':
      case 'zero':
        add(i.in, 1);
        break;
      case 'affine':
      case 'concat':
        for (const w of i.in) add(w, own(i.out));
        break;
      case 'sum':
        add(i.in, own(i.out));
        break;
      case 'contract': {
        const products = size(i.out) * productOf(summedLetters(s.circuit, i).map(([, n]) => n));
        const each = isBilinear(i, s.fixed) ? 1 : own(i.out);
        for (const w of i.in) add(w, (products * each) / size(w));
        break;
      }
      default:
    }
  }
  return reads;
}
