// The witness reading: replays a circuit on honest inputs with typed arrays and checks every constraint on the way.
import { type Circuit, type Instr, inputsOf, outputsOf, type Wire } from '../circuit.ts';
import type { Contraction } from '../contraction.ts';
import { Diagnostic } from '../diagnostics.ts';
import { evaluateHint } from '../hint.ts';
import { contains, type Interval, showInterval } from '../interval.ts';
import { type NumericArray, type Shape, sameShape, sizeOf, type Tensor } from '../tensor.ts';
import { dense, type Strided, strided, viewStrided } from '../view.ts';
import { type ArithmeticInstr, exactEvaluator, isArithmetic } from './exact.ts';
import { fillHint, hintFitsWords } from './hint-values.ts';
import {
  affine,
  arrayFor,
  type ContractionRanges,
  concat,
  contracted,
  lookUp,
  outside,
  stored,
  sum,
} from './kernels.ts';
import { fitsWord, outsideIntegers } from './word-kernels.ts';

/** All values of a circuit on one input. */
export interface Witness {
  readonly circuit: Circuit;
  /**
   * Value of any wire. Committed wires and ports are kept, others are computed again from them.
   * @throws RangeError for a wire whose interval leaves the exact integers of float64: ask {@link exact}.
   */
  value(wire: number): Tensor;
  /** Elements of any wire as bigints, row-major. */
  exact(wire: number): readonly bigint[];
  /** Values of the output ports by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/**
 * Evaluates a contraction whose elements lie in these intervals, exactly, or returns undefined: not for me.
 */
export type Contract = (spec: Contraction, a: Strided, b: Strided, ranges: ContractionRanges) => Tensor | undefined;

export interface WitnessOptions {
  /** A faster way to evaluate contractions, asked first. */
  readonly contract?: Contract;
  /** A faster way to find the least and the greatest element, asked first; undefined: not for me. */
  readonly extremes?: (data: NumericArray) => readonly [number, number] | undefined;
  /** Keep the values of all wires instead of computing virtual ones again when asked. */
  readonly keepAll?: boolean;
  /** Wires whose values are kept beside ports and committed ones, because they will be asked for. */
  readonly keep?: ReadonlySet<number>;
  /** Also check that every wire lies in the interval that was inferred for it: a self-test of the compiler. */
  readonly checkRanges?: boolean;
}

/** Elements of a wire whose interval leaves the exact integers of float64. */
interface Wide {
  readonly shape: Shape;
  readonly exact: readonly bigint[];
}
type Stored = Strided | Wide;

const LIMIT = BigInt(Number.MAX_SAFE_INTEGER);
const isNarrow = (r: Interval): boolean => r.lo >= -LIMIT && r.hi <= LIMIT;
const isWide = (x: Stored): x is Wide => 'exact' in x;
const magnitude = (r: Interval): bigint => (r.hi > -r.lo ? r.hi : -r.lo);

/**
 * Runs the circuit on one value per input and parameter port. Integer arrays are not copied where they can be kept: they
 * must not change as long as the witness is used.
 * @throws Diagnostic `missing-input`, `unknown-input`, `bad-shape`, `input-out-of-range` naming the port, index and value,
 * `unsatisfied` naming the label of a constraint that an honest run violates.
 */
export function runWitness(c: Circuit, inputs: ReadonlyMap<string, Tensor>, options: WitnessOptions = {}): Witness {
  checkNames(c, inputs);
  const values = new Array<Stored | undefined>(c.wires.length);
  const run = createStep(c, inputs, values, options);
  const { lastUse, kept } = lifetimes(c, options.keep);
  for (const [index, i] of c.instrs.entries()) {
    run(index, i);
    if (options.checkRanges) for (const w of outputsOf(i)) checkRange(c.wires[w]!, values[w]!, w);
    if (options.keepAll) continue;
    for (const w of [...inputsOf(i), ...outputsOf(i)]) if (!kept.has(w) && lastUse[w]! <= index) values[w] = undefined;
  }
  return createWitness(c, values, run);
}

function createWitness(c: Circuit, values: Array<Stored | undefined>, run: (index: number, i: Instr) => void): Witness {
  const definedBy = new Int32Array(c.wires.length);
  for (const [index, i] of c.instrs.entries()) for (const w of outputsOf(i)) definedBy[w] = index;
  const stored = (wire: number): Stored => {
    const have = values[wire];
    if (have !== undefined) return have;
    // What is missing was freed: walk back to kept wires, compute forwards, then free again.
    const missing = new Set<number>();
    const pending = [wire];
    for (let w = pending.pop(); w !== undefined; w = pending.pop()) {
      if (values[w] !== undefined || missing.has(definedBy[w]!)) continue;
      missing.add(definedBy[w]!);
      pending.push(...inputsOf(c.instrs[definedBy[w]!]!));
    }
    const again = [...missing].sort((a, b) => a - b);
    for (const index of again) run(index, c.instrs[index]!);
    const found = values[wire]!;
    for (const index of again) for (const w of outputsOf(c.instrs[index]!)) values[w] = undefined;
    return found;
  };
  const value = (wire: number): Tensor => {
    const x = stored(wire);
    if (isWide(x)) throw new RangeError(`witness: wire ${wire} of range ${showInterval(c.wires[wire]!.range)} is wide`);
    return dense(x);
  };
  const outputs = new Map<string, Tensor>();
  for (const p of c.ports) if (p.role === 'output') outputs.set(p.name, value(p.wire));
  return {
    circuit: c,
    value,
    exact: (wire) => exactOf(stored(wire)),
    outputs,
  };
}

function exactOf(x: Stored): readonly bigint[] {
  return isWide(x) ? x.exact : Array.from(dense(x).data, BigInt);
}

/** The last instruction that reads each wire, and the wires that the witness keeps. */
function lifetimes(
  c: Circuit,
  keep: ReadonlySet<number> = new Set(),
): { readonly lastUse: Int32Array; readonly kept: ReadonlySet<number> } {
  const lastUse = new Int32Array(c.wires.length).fill(-1);
  const kept = new Set([...keep, ...c.ports.map((p) => p.wire)]);
  for (const [index, i] of c.instrs.entries()) {
    for (const w of inputsOf(i)) lastUse[w] = index;
    if (i.op === 'hint' || i.op === 'lookup' || i.op === 'gather') for (const w of outputsOf(i)) kept.add(w);
  }
  return { lastUse, kept };
}

function checkRange(wire: Wire, x: Stored, id: number): void {
  const bad = exactOf(x).find((v) => !contains(wire.range, v));
  if (bad !== undefined)
    throw new Diagnostic(
      'false-range',
      `wire ${id} holds ${bad}, outside its inferred range ${showInterval(wire.range)}`,
    );
}

function checkNames(c: Circuit, inputs: ReadonlyMap<string, Tensor>): void {
  const ports = c.ports.filter((p) => p.role !== 'output').map((p) => p.name);
  for (const name of inputs.keys())
    if (!ports.includes(name))
      throw new Diagnostic('unknown-input', `no input is called ${name}; the inputs are: ${ports.join(', ')}`, {
        field: name,
      });
}

function unsatisfied(label: string, why: string): Diagnostic {
  return new Diagnostic('unsatisfied', `constraint ${label} does not hold: ${why}`, { field: label });
}

/** The effect of one instruction on the values. */
function createStep(
  c: Circuit,
  inputs: ReadonlyMap<string, Tensor>,
  values: Array<Stored | undefined>,
  { contract: fastContract = () => undefined, extremes = () => undefined }: WitnessOptions,
): (index: number, i: Instr) => void {
  const evaluate = exactEvaluator(c);
  const read = (w: number): Stored => values[w]!;
  const narrow = (w: number): Strided => {
    const x = read(w);
    if (!isWide(x)) return x;
    // Wide storage whose values are small after all, for example behind a range proof.
    return strided({ shape: x.shape, data: Float64Array.from(x.exact, Number) });
  };
  const write = (w: number, x: Stored): void => {
    values[w] = x;
  };
  const require = (x: Stored, to: Interval, label: string): void => {
    if (isWide(x) || !isNarrow(to)) {
      const bad = exactOf(x).findIndex((v) => !contains(to, v));
      if (bad >= 0) throw unsatisfied(label, `element ${bad} is ${exactOf(x)[bad]}, outside ${showInterval(to)}`);
      return;
    }
    const bad = outside(x, to);
    if (bad >= 0) throw unsatisfied(label, `element ${bad} is ${dense(x).data[bad]}, outside ${showInterval(to)}`);
  };

  return (index, i) => {
    if (isArithmetic(i) && isExactNeeded(c, i)) {
      const exact = evaluate(index, i, (w) => exactOf(read(w)));
      const { shape, range } = c.wires[i.out]!;
      write(i.out, isNarrow(range) ? compacted({ shape, exact }, range) : { shape, exact });
      if (i.op === 'deduce') checkLemma(c, i, exact);
      return;
    }
    switch (i.op) {
      case 'port':
        return write(i.out, strided(portValue(c, i.port, inputs, extremes)));
      case 'constant':
        return write(i.out, strided({ shape: c.wires[i.out]!.shape, data: c.constants.get(i.digest)!.data }));
      case 'affine':
        return write(
          i.out,
          affine(
            i,
            i.in.map(narrow),
            i.in.map((w) => c.wires[w]!.range),
          ),
        );
      case 'view':
        return write(i.out, i.steps.reduce(viewStrided, narrow(i.in)));
      case 'concat':
        return write(i.out, concat(c.wires[i.out]!.shape, i.axis, i.in.map(narrow)));
      case 'sum':
        return write(i.out, stored(c.wires[i.out]!.range, dense(sum(narrow(i.in), i.axes))));
      case 'contract': {
        const [a, b] = [narrow(i.in[0]), narrow(i.in[1])];
        const [aRange, bRange, out] = [...i.in, i.out].map((w) => c.wires[w]!.range);
        const ranges = { a: aRange!, b: bRange!, out: out! };
        const found = fastContract(i.spec, a, b, ranges);
        return write(i.out, found === undefined ? contracted(i.spec, a, b, ranges) : strided(found));
      }
      case 'gather':
        return write(i.out, gather(narrow(i.in[0]), narrow(i.in[1]), c.wires[i.out]!, i.label));
      case 'lookup': {
        const table = c.tables.get(i.table)!;
        require(read(i.in), table.domain, i.label);
        const keys = dense(narrow(i.in));
        for (const [j, w] of i.out.entries()) write(w, strided(lookUp(table, j, keys, c.wires[w]!.range)));
        return;
      }
      case 'hint': {
        const outs = i.out.map((w) => c.wires[w]!);
        const exact = [...i.in.map((w) => c.wires[w]!), ...outs].some((w) => magnitude(w.range) >= 2n ** 52n);
        const shapes = i.in.map((w) => c.wires[w]!.shape);
        const results = exact
          ? evaluateHint(
              i.hint,
              i.in.map((w) => exactOf(read(w))),
              shapes,
            ).map((values_, j): Stored => ({ shape: outs[j]!.shape, exact: values_ }))
          : hintNumbers(
              i,
              i.in.map(narrow),
              i.in.map((w) => c.wires[w]!.range),
              outs,
            );
        for (const [j, x] of results.entries()) {
          require(x, outs[j]!.range, i.label);
          write(i.out[j]!, isWide(x) && isNarrow(outs[j]!.range) ? compacted(x, outs[j]!.range) : x);
        }
        return;
      }
      case 'range':
        require(read(i.in), i.to, i.label);
        return write(i.out, isNarrow(c.wires[i.out]!.range) ? narrow(i.in) : read(i.in));
      case 'zero':
        return require(read(i.in), { lo: 0n, hi: 0n }, i.label);
      case 'deduce': {
        const x = narrow(i.in);
        const { range } = c.wires[i.out]!;
        if (outside(x, range) >= 0) throw falseLemma(c, i, dense(x).data[outside(x, range)]!);
        return write(i.out, x);
      }
    }
  };
}

/** True if some operand, the result or a partial sum may leave the exact integers of float64. */
function isExactNeeded(c: Circuit, i: ArithmeticInstr): boolean {
  if (!isNarrow(c.wires[i.out]!.range) || inputsOf(i).some((w) => !isNarrow(c.wires[w]!.range))) return true;
  // Sums and contractions are narrow with their result: their intervals bound every partial sum.
  if (i.op !== 'affine') return false;
  let total = i.c < 0n ? -i.c : i.c;
  for (const [j, w] of i.in.entries()) total += (i.k[j]! < 0n ? -i.k[j]! : i.k[j]!) * magnitude(c.wires[w]!.range);
  return total > LIMIT;
}

function checkLemma(c: Circuit, i: Extract<Instr, { readonly op: 'deduce' }>, exact: readonly bigint[]): void {
  const bad = exact.find((v) => !contains(c.wires[i.out]!.range, v));
  if (bad !== undefined) throw falseLemma(c, i, bad);
}

function falseLemma(c: Circuit, i: Extract<Instr, { readonly op: 'deduce' }>, value: bigint | number): Diagnostic {
  const { range } = c.wires[i.out]!;
  return new Diagnostic(
    'false-lemma',
    `lemma ${i.lemma}: wire ${i.out} holds ${value}, outside ${showInterval(range)}`,
  );
}

function portValue(
  c: Circuit,
  port: number,
  inputs: ReadonlyMap<string, Tensor>,
  extremes: NonNullable<WitnessOptions['extremes']>,
): Tensor {
  const { name, role, wire } = c.ports[port]!;
  const { shape, range } = c.wires[wire]!;
  const t = inputs.get(name);
  if (t === undefined)
    throw new Diagnostic('missing-input', `input ${name} of shape [${shape.join(', ')}] is missing`, { field: name });
  if (!sameShape(t.shape, shape))
    throw new Diagnostic(
      'bad-shape',
      `input ${name} has shape [${t.shape.join(', ')}], expected [${shape.join(', ')}]`,
      { field: name },
    );
  const bad = (e: number): Diagnostic =>
    new Diagnostic(
      'input-out-of-range',
      `input ${name}, element ${e}: ${t.data[e]} is not a whole number in ${showInterval(range)}`,
      { field: name },
    );
  if (!(t.data instanceof Float64Array || t.data instanceof Float32Array)) {
    const ends = extremes(t.data);
    const isInside = ends?.every((v) => contains(range, BigInt(v))) === true;
    const e = isInside ? -1 : outsideIntegers(t.data, range);
    if (e >= 0) throw bad(e);
    // Weights stay where they lie: they are many, and few instructions read them.
    return role === 'param' ? t : { shape, data: dense(stored(range, t)).data };
  }
  const data = arrayFor(range, sizeOf(shape));
  const [lo, hi] = [Number(range.lo), Number(range.hi)];
  for (let e = 0; e < data.length; e++) {
    const v = t.data[e]!;
    if (!Number.isInteger(v) || v < lo || v > hi) throw bad(e);
    data[e] = v + 0;
  }
  return { shape, data };
}

function gather(x: Strided, index: Strided, wire: Wire, label: string): Strided {
  const [rows, indices] = [dense(x), dense(index)];
  const block = sizeOf(x.shape.slice(1));
  const data = arrayFor(wire.range, sizeOf(wire.shape));
  for (let k = 0; k < indices.data.length; k++) {
    const row = indices.data[k]!;
    if (row < 0 || row >= x.shape[0]!) throw unsatisfied(label, `index ${row} is outside [0, ${x.shape[0]! - 1}]`);
    for (let e = 0; e < block; e++) data[k * block + e] = rows.data[row * block + e]!;
  }
  return strided({ shape: wire.shape, data });
}

function hintNumbers(
  i: Extract<Instr, { readonly op: 'hint' }>,
  inputs: readonly Strided[],
  ranges: readonly Interval[],
  outs: readonly Wire[],
): Stored[] {
  // An honest value outside its interval must be seen, not truncated.
  const areWords = hintFitsWords(i.hint, ranges) && inputs.every((x) => !(x.data instanceof Float64Array));
  const results = outs.map(({ shape }) => (areWords ? new Int32Array(sizeOf(shape)) : new Float64Array(sizeOf(shape))));
  fillHint(
    i.hint,
    inputs.map((x) => dense(x).data),
    inputs[0]!.shape.at(-1) ?? 1,
    results,
  );
  return results.map((data, j) => {
    const { shape, range } = outs[j]!;
    const x = strided({ shape, data });
    return !areWords && fitsWord(range) && outside(x, range) < 0 ? stored(range, { shape, data }) : x;
  });
}

function compacted(x: Wide, range: Interval): Strided {
  const data = arrayFor(range, x.exact.length);
  for (let e = 0; e < data.length; e++) data[e] = Number(x.exact[e]!);
  return strided({ shape: x.shape, data });
}
