// The recorder: the one implementation of Builder. It infers shapes and intervals, applies the wrap rule and yields a Circuit.
import {
  type Builder,
  type Capabilities,
  type Circuit,
  type Instr,
  inputsOf,
  type Origin,
  outputsOf,
  type Port,
  type Visibility,
  type Wire,
} from './circuit.ts';
import { boundsWithConstant, type Contraction, contract, contractionShape, contractionSizes } from './contraction.ts';
import { Diagnostic } from './diagnostics.ts';
import { tensorDigest } from './digest.ts';
import { hintShapes } from './hint.ts';
import {
  addIntervals,
  containsInterval,
  hull,
  type Interval,
  interval,
  max,
  min,
  mulIntervals,
  sameInterval,
  scaleInterval,
  showInterval,
} from './interval.ts';
import { columnRange, columnsOf, type Table } from './table.ts';
import { compact, type Shape, sameShape, sizeOf, type Tensor } from './tensor.ts';
import { applyViews, viewReadsZero, viewShape } from './view.ts';

/** A wire of a circuit under construction. */
export interface RecordedWire extends Wire {
  readonly id: number;
}

/** A builder that records: also declares ports, and yields the circuit. */
export interface Recorder extends Builder<RecordedWire> {
  /** Declares a tensor that enters the circuit; the interval is proved there by every reading. */
  input(name: string, role: 'input' | 'param', visibility: Visibility, shape: Shape, range: Interval): RecordedWire;
  /** Declares a tensor that leaves the circuit. */
  output(name: string, visibility: Visibility, x: RecordedWire): void;
  finish(): Circuit;
}

/** An empty circuit under construction for a target. */
export function createRecorder(target: Capabilities): Recorder {
  const wires: RecordedWire[] = [];
  const instrs: Instr[] = [];
  /** The instruction that makes each wire. */
  const madeBy: Instr[] = [];
  const ports: Port[] = [];
  const tables = new Map<string, Table>();
  const constants = new Map<string, Tensor>();
  /** Values of constant wires, computed once. */
  const known = new Map<number, Tensor>();
  const scopes: string[] = [''];
  const scopeOf: number[] = [];
  let scope = 0;

  const define = (shape: Shape, range: Interval): RecordedWire => {
    const w = { id: wires.length, shape, range };
    wires.push(w);
    return w;
  };
  const push = (i: Instr): void => {
    instrs.push(i);
    scopeOf.push(scope);
    for (const w of outputsOf(i)) madeBy[w] = i;
  };
  const here = (label: string): string => (scopes[scope] === '' ? label : `${scopes[scope]}/${label}`);

  /** A test `x in to` over the field is a test over the integers if no element of x can wrap into `to`. */
  const checkWrap = (x: Wire, to: Interval, label: string): void => {
    if (x.range.hi - to.lo >= target.modulus || to.hi - x.range.lo >= target.modulus)
      throw new Diagnostic(
        'field-overflow',
        `${here(label)}: range ${showInterval(x.range)} does not fit the field of ${target.name} (${target.modulus}); lower the bits or the accumulator width`,
      );
  };

  const recorder: Recorder = {
    target,
    input(name, role, visibility, shape, range) {
      const w = define(shape, range);
      push({ op: 'port', port: ports.length, out: w.id });
      ports.push({ name, role, visibility, wire: w.id });
      return w;
    },
    output(name, visibility, x) {
      ports.push({ name, role: 'output', visibility, wire: x.id });
    },
    constant(t) {
      const data = compact(t);
      const key = tensorDigest(data);
      constants.set(key, constants.get(key) ?? data);
      let [lo, hi] = [data.data[0] ?? 0, data.data[0] ?? 0];
      for (const v of data.data) {
        if (!Number.isSafeInteger(v)) throw new RangeError(`constant: expected integers below 2^53, got ${v}`);
        if (v < lo) lo = v;
        if (v > hi) hi = v;
      }
      const w = define(t.shape, interval(lo, hi));
      push({ op: 'constant', digest: key, out: w.id });
      known.set(w.id, data);
      return w;
    },
    affine(terms, c = 0n) {
      const first = terms[0];
      if (first === undefined) throw new RangeError('affine: expected at least one term');
      let range: Interval = interval(c, c);
      for (const [w, k] of terms) {
        if (!sameShape(w.shape, first[0].shape))
          throw new Diagnostic(
            'bad-shape',
            `affine: [${w.shape.join(', ')}] and [${first[0].shape.join(', ')}] differ`,
          );
        range = addIntervals(range, scaleInterval(w.range, k));
      }
      if (terms.length === 1 && first[1] === 1n && c === 0n) return first[0];
      const w = define(first[0].shape, range);
      push({ op: 'affine', in: terms.map(([x]) => x.id), k: terms.map(([, k]) => k), c, out: w.id });
      const parts = terms.map(([x]) => known.get(x.id));
      if (parts.every((p) => p !== undefined)) {
        const data = new Float64Array(sizeOf(w.shape)).fill(Number(c));
        for (const [j, p] of parts.entries()) {
          const k = Number(terms[j]![1]);
          for (let e = 0; e < data.length; e++) data[e]! += k * p.data[e]!;
        }
        known.set(w.id, { shape: w.shape, data });
      }
      return w;
    },
    view(x, ...steps) {
      if (steps.length === 0) return x;
      let shape: Shape = x.shape;
      let zero = false;
      for (const v of steps) {
        shape = viewShape(v, shape);
        zero ||= viewReadsZero(v);
      }
      const w = define(shape, zero ? hull(x.range, interval(0, 0)) : x.range);
      push({ op: 'view', in: x.id, steps, out: w.id });
      const value = known.get(x.id);
      if (value !== undefined) known.set(w.id, applyViews(value, ...steps));
      return w;
    },
    concat(xs, axis) {
      const first = xs[0];
      if (first === undefined) throw new RangeError('concat: expected at least one operand');
      if (xs.length === 1) return first;
      for (const x of xs)
        if (x.shape.length !== first.shape.length || x.shape.some((d, i) => i !== axis && d !== first.shape[i]))
          throw new Diagnostic(
            'bad-shape',
            `concat: [${x.shape.join(', ')}] and [${first.shape.join(', ')}] differ outside axis ${axis}`,
          );
      const shape = first.shape.map((d, i) => (i === axis ? xs.reduce((n, x) => n + x.shape[axis]!, 0) : d));
      const w = define(shape, xs.map((x) => x.range).reduce(hull));
      push({ op: 'concat', in: xs.map((x) => x.id), axis, out: w.id });
      return w;
    },
    sum(x, axes) {
      if (axes.length === 0) return x;
      const n = BigInt(axes.reduce((m, a) => m * x.shape[a]!, 1));
      const w = define(
        x.shape.filter((_, i) => !axes.includes(i)),
        scaleInterval(x.range, n),
      );
      push({ op: 'sum', in: x.id, axes, out: w.id });
      return w;
    },
    contract(spec, a, b) {
      const shape = contractionShape(spec, a.shape, b.shape);
      const w = define(shape, contractionRange(spec, a, b, known.get(a.id), known.get(b.id)));
      push({ op: 'contract', in: [a.id, b.id], spec, out: w.id });
      const [ka, kb] = [known.get(a.id), known.get(b.id)];
      if (ka !== undefined && kb !== undefined) known.set(w.id, contract(spec, ka, kb));
      return w;
    },
    gather(x, index, label) {
      if (!target.gather) throw new RangeError(`gather ${label}: target ${target.name} has no gather`);
      checkWrap(index, interval(0, x.shape[0]! - 1), label);
      const w = define([...index.shape, ...x.shape.slice(1)], x.range);
      push({ op: 'gather', in: [x.id, index.id], label: here(label), out: w.id });
      return w;
    },
    lookup(table, key, label) {
      checkWrap(key, table.domain, label);
      tables.set(table.digest, table);
      const outs = Array.from({ length: columnsOf(table) }, (_, j) => define(key.shape, columnRange(table, j)));
      push({ op: 'lookup', in: key.id, table: table.digest, label: here(label), out: outs.map((w) => w.id) });
      return outs;
    },
    hint(h, inputs, outs, label) {
      const shapes = hintShapes(
        h,
        inputs.map((x) => x.shape),
      );
      if (shapes.length !== outs.length || shapes.some((s, j) => !sameShape(s, outs[j]!.shape)))
        throw new RangeError(
          `hint ${h.kind} ${label}: expected outputs ${shapes.map((s) => `[${s.join(', ')}]`).join(' ')}`,
        );
      for (const o of outs) checkWrap(o, o.range, label);
      const ws = outs.map((o) => define(o.shape, o.range));
      push({
        op: 'hint',
        in: inputs.map((x) => x.id),
        hint: h,
        proved: outs.map(() => false),
        label: here(label),
        out: ws.map((w) => w.id),
      });
      return ws;
    },
    range(x, to, label) {
      checkWrap(x, to, label);
      const narrowed = interval(max(x.range.lo, to.lo), min(x.range.hi, to.hi));
      if (sameInterval(narrowed, x.range)) return x;
      const w = define(x.shape, narrowed);
      push({ op: 'range', in: x.id, to, label: here(label), out: w.id });
      return w;
    },
    assertZero(x, label) {
      checkWrap(x, interval(0, 0), label);
      push({ op: 'zero', in: x.id, label: here(label) });
    },
    origin(x) {
      const value = known.get(x.id);
      return value === undefined ? originOf(madeBy[x.id]!, wires) : { op: 'constant', value };
    },
    deduce(x, to, lemma) {
      if (containsInterval(to, x.range)) return x;
      const w = define(x.shape, interval(max(x.range.lo, to.lo), min(x.range.hi, to.hi)));
      push({ op: 'deduce', in: x.id, lemma, out: w.id });
      return w;
    },
    scope(label, body) {
      const outer = scope;
      const path = scopes[outer] === '' ? label : `${scopes[outer]}/${label}`;
      scope = scopes.push(path) - 1;
      try {
        return body();
      } finally {
        scope = outer;
      }
    },
    finish() {
      const circuit = {
        target,
        ports,
        wires,
        instrs: discharge(instrs, wires, tables),
        scope: Int32Array.from(scopeOf),
        scopes,
        tables,
        constants,
      };
      return circuit;
    },
  };
  return recorder;
}

/** The operands of an instruction without constraints, as wires. */
function originOf(i: Instr, wires: readonly RecordedWire[]): Origin<RecordedWire> | undefined {
  const wire = (id: number): RecordedWire => wires[id]!;
  switch (i.op) {
    case 'affine':
      return { op: 'affine', terms: i.in.map((w, j) => [wire(w), i.k[j]!] as const), c: i.c };
    case 'view':
      return { op: 'view', x: wire(i.in), steps: i.steps };
    case 'concat':
      return { op: 'concat', xs: i.in.map(wire), axis: i.axis };
    case 'sum':
      return { op: 'sum', x: wire(i.in), axes: i.axes };
    case 'contract':
      return { op: 'contract', spec: i.spec, x: wire(i.in[0]), y: wire(i.in[1]) };
    case 'deduce':
      return { op: 'deduce', x: wire(i.in) };
    default:
      return undefined;
  }
}

/** Marks the outputs of hints whose interval a lookup proves: the output itself is its key, and its domain lies inside. */
function discharge(instrs: readonly Instr[], wires: readonly Wire[], tables: ReadonlyMap<string, Table>): Instr[] {
  const proving = new Set<number>();
  for (const i of instrs) {
    if (i.op === 'lookup' && containsInterval(wires[i.in]!.range, tables.get(i.table)!.domain)) proving.add(i.in);
  }
  return instrs.map((i) => (i.op === 'hint' ? { ...i, proved: i.out.map((w) => proving.has(w)) } : i));
}

/**
 * Interval of a contraction. With a constant operand the bound is exact per output; a square is not negative.
 * @throws Diagnostic `accumulator-too-wide` if the bound leaves the exact integers of float64.
 */
function contractionRange(
  spec: Contraction,
  a: RecordedWire,
  b: RecordedWire,
  ka: Tensor | undefined,
  kb: Tensor | undefined,
): Interval {
  const sizes = contractionSizes(spec, a.shape, b.shape);
  const summed = [...sizes.keys()].filter((l) => !spec.out.includes(l));
  const product = (ls: readonly string[]): number => ls.reduce((n, l) => n * sizes.get(l)!, 1);
  const constant = ka !== undefined ? ka : kb;
  if (constant !== undefined) {
    const [names, x] = ka !== undefined ? [spec.a, b] : [spec.b, a];
    const repeats = product(summed.filter((l) => !names.includes(l)));
    const [lo, hi] = boundsWithConstant(names, constant, spec.out, repeats, Number(x.range.lo), Number(x.range.hi));
    if (Number.isSafeInteger(lo) && Number.isSafeInteger(hi)) return interval(lo, hi);
  }
  const n = BigInt(product(summed));
  const one = mulIntervals(a.range, b.range);
  const square = a.id === b.id && spec.a === spec.b;
  return scaleInterval(square ? { lo: 0n, hi: one.hi } : one, n);
}

/** All wires that are fixed at compile time: constants and what is computed from constants only. */
export function constantWires(c: Circuit): ReadonlySet<number> {
  const fixed = new Set<number>();
  for (const i of c.instrs) {
    if (i.op === 'constant') fixed.add(i.out);
    else if (
      i.op === 'affine' ||
      i.op === 'view' ||
      i.op === 'concat' ||
      i.op === 'sum' ||
      i.op === 'contract' ||
      i.op === 'deduce'
    )
      if (inputsOf(i).every((w) => fixed.has(w))) fixed.add(i.out);
  }
  return fixed;
}
