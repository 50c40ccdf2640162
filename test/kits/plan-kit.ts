// Checks plans without a prover: whether columns satisfy every statement, whether claims are pulled back rightly, whether
// lies break a statement. Everything is evaluated anew over bigints.
import type { Circuit, Instr } from '../../compiler/ir/circuit.ts';
import { createReplayer, type Lie, type Replay } from '../../compiler/ir/interpret/cheat.ts';
import { exactEvaluator, isArithmetic } from '../../compiler/ir/interpret/exact.ts';
import { lieSites, liesOf } from '../../compiler/ir/interpret/lies.ts';
import { expandTerm } from '../../compiler/ir/interpret/plan/covector.ts';
import {
  type ColumnValues,
  fillColumns,
  type LinearForm,
  type Plan,
  type PullBack,
  type PulledBack,
  planWitness,
  preparePullBack,
  type Term,
} from '../../compiler/ir/interpret/plan.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { contains } from '../../compiler/ir/interval.ts';
import { add, EXT, type Ext, mul, P, same, ZERO } from '../../compiler/ir/koalabear.ts';
import { type Shape, sizeOf } from '../../compiler/ir/tensor.ts';
import { exactInputs, type Ports } from './circuit-kit.ts';
import type { Random } from './random.ts';

const MODULUS = BigInt(P);
const canonical = (x: bigint): bigint => ((x % MODULUS) + MODULUS) % MODULUS;

/** Canonical residues of integers. */
export const residueWords = (values: readonly bigint[]): Uint32Array =>
  Uint32Array.from(values, (v) => Number(canonical(v)));

/** Values of every wire of a plan that columns and public inputs determine. */
export interface PlanValues {
  /** Undefined for wires of hints that the plan leaves out, and for what depends on them. */
  wire(wire: number): readonly bigint[] | undefined;
  form(form: LinearForm, size: number): readonly bigint[];
}

/** Evaluates the circuit mod p on committed columns: no hint and no lookup is computed, only read. */
export function planValues(
  plan: Plan,
  columns: ColumnValues,
  inputs: ReadonlyMap<string, readonly bigint[]>,
): PlanValues {
  const { circuit: c } = plan;
  const values = new Map<number, readonly bigint[]>();
  for (const [k, column] of plan.columns.entries()) values.set(column.wire, Array.from(columns[k]!, BigInt));
  for (const input of plan.inputs) values.set(input.wire, inputs.get(input.name)!.map(canonical));
  const definitionOf = new Map([...plan.definitions].map(([definition, w]) => [w, definition]));
  const evaluate = exactEvaluator(c);
  const computed = (index: number, i: Instr): readonly bigint[] | undefined => {
    if (i.op === 'range') return values.get(i.in);
    if (!isArithmetic(i)) return undefined;
    const operands = 'in' in i ? [i.in].flat() : [];
    if (operands.some((w) => !values.has(w))) return undefined;
    return evaluate(index, i, (w) => values.get(w)!).map(canonical);
  };
  const form = ({ terms, constant }: LinearForm, size: number): readonly bigint[] => {
    const out = new Array<bigint>(size).fill(BigInt(constant));
    for (const { wire, k } of terms) {
      const x = values.get(wire);
      if (x?.length !== size) throw new Error(`plan: a form of ${size} cells needs wire ${wire}`);
      for (let e = 0; e < size; e++) out[e]! += BigInt(k) * x[e]!;
    }
    return out.map(canonical);
  };
  for (const [w, by] of plan.substitutions) values.set(w, form(by, sizeOf(plan.shapes[w]!)));
  for (const [index, i] of c.instrs.entries()) {
    if (!('out' in i) || typeof i.out !== 'number') continue;
    const target = definitionOf.get(i.out) ?? i.out;
    if (values.has(target)) continue;
    const result = computed(index, i);
    if (result !== undefined) values.set(target, result);
  }
  return { wire: (w) => values.get(w), form };
}

/**
 * Labels of the statements that do not hold for these columns, public inputs and public outputs (integers).
 */
export function violations(
  plan: Plan,
  columns: ColumnValues,
  inputs: ReadonlyMap<string, readonly bigint[]>,
  outputs: ReadonlyMap<string, readonly bigint[]>,
): string[] {
  const broken: string[] = [];
  const refuse = (label: string): void => void broken.push(label);
  for (const [k, column] of plan.columns.entries()) {
    if (columns[k]!.length !== column.size) refuse(`${column.label}: size`);
    if (columns[k]!.some((word) => word >= P)) refuse(`${column.label}: words`);
  }
  for (const [tensors, given] of [
    [plan.inputs, inputs],
    [plan.outputs, outputs],
  ] as const)
    for (const t of tensors)
      if (given.get(t.name)?.length !== sizeOf(t.shape) || given.get(t.name)!.some((v) => !contains(t.range, v)))
        refuse(`${t.name}: interval`);
  if (broken.length > 0) return broken;
  const values = planValues(plan, columns, inputs);
  for (const i of plan.identities) if (values.form(i.form, sizeOf(i.shape)).some((v) => v !== 0n)) refuse(i.label);
  const counts = plan.tables.map((t) => new Array<bigint>(t.rows).fill(0n));
  const rows = plan.tables.map(
    (t) =>
      new Map(
        Array.from({ length: t.rows }, (_, r) => [
          [canonical(BigInt(t.firstKey) + BigInt(r)), ...t.values.map((column) => BigInt(column[r]!))].join(),
          r,
        ]),
      ),
  );
  for (const l of plan.lookups) {
    if (l.values.length !== plan.tables[l.table]!.values.length) refuse(`${l.label}: columns`);
    const tuple = [values.form(l.key, l.size), ...l.values.map((w) => values.wire(w)!)];
    let isFound = true;
    for (let e = 0; e < l.size; e++) {
      const row = rows[l.table]!.get(tuple.map((x) => x[e]).join());
      if (row === undefined) isFound = false;
      else counts[l.table]![row]! += 1n;
    }
    if (!isFound) refuse(l.label);
  }
  for (const [k, t] of plan.tables.entries())
    if (values.wire(t.multiplicity)!.some((m, row) => m !== canonical(counts[k]![row]!)))
      refuse(`${t.name}: multiplicities`);
  for (const t of plan.outputs) {
    const y = values.wire(t.wire)!;
    if (outputs.get(t.name)!.some((v, e) => canonical(v) !== y[e])) refuse(`output ${t.name}`);
  }
  return broken;
}

const randomWord = (random: Random): number => random.below(P);
const randomExt = (random: Random): Ext => [
  randomWord(random),
  randomWord(random),
  randomWord(random),
  randomWord(random),
];
/** A covector without structure: one factor over all axes. */
function randomCovector(shape: Shape, random: Random): Term {
  const axes = [...shape.keys()].filter((axis) => shape[axis] !== 1);
  const values = Uint32Array.from({ length: EXT * sizeOf(shape) }, () => randomWord(random));
  return { k: randomExt(random), factors: axes.length === 0 ? [] : [{ axes, values }] };
}

function pair(term: Term, shape: Shape, values: readonly bigint[]): Ext {
  const covector = expandTerm(term, shape);
  if (covector.length !== EXT * values.length) throw new Error('a covector and its wire differ in size');
  const sums = [0n, 0n, 0n, 0n];
  for (const [e, v] of values.entries()) for (let j = 0; j < EXT; j++) sums[j]! += BigInt(covector[EXT * e + j]!) * v;
  const word = (j: number): number => Number(canonical(sums[j]!));
  return [word(0), word(1), word(2), word(3)];
}

/** The value of a functional that was pulled back, on given columns. */
function valueOnLeaves(plan: Plan, values: PlanValues, back: PulledBack): Ext {
  let sum = back.constant;
  const definitionOf = new Map([...plan.definitions].map(([definition, w]) => [w, definition]));
  const parts: readonly (readonly [readonly (readonly Term[])[], readonly number[]])[] = [
    [back.columns, plan.columns.map((column) => column.wire)],
    [back.contractions, plan.contractions.map((k) => definitionOf.get(k.wire) ?? k.wire)],
    [back.inputs, plan.inputs.map((input) => input.wire)],
  ];
  for (const [covectors, wires] of parts)
    for (const [k, terms] of covectors.entries())
      for (const term of terms) sum = add(sum, pair(term, plan.shapes[wires[k]!]!, values.wire(wires[k]!)!));
  return sum;
}

/**
 * The pull-back identity on honest columns: for random covectors on single wires and on all wires together, and on every
 * form of the plan, the functional equals the sum of its parts on the leaves. Operands of contractions reach no contraction.
 * @throws Error naming the wire.
 */
export function checkPullBack(plan: Plan, inputs: Ports, random: Random, singles = 8): void {
  const columns = planWitness(plan, runWitness(plan.circuit, inputs));
  const values = planValues(plan, columns, exactInputs(inputs));
  const begin = preparePullBack(plan);
  const expectEqual = (what: string, expected: Ext, back: PullBack): PulledBack => {
    const leaves = back.finish();
    if (!same(valueOnLeaves(plan, values, leaves), expected)) throw new Error(`the pull-back of ${what} is wrong`);
    return leaves;
  };
  const all = begin();
  let sum: Ext = ZERO;
  const claimed = claimedWires(plan);
  for (const w of claimed) {
    const covector = randomCovector(plan.shapes[w]!, random);
    const k = randomExt(random);
    all.add(w, covector, k);
    sum = add(sum, mul(k, pair(covector, plan.shapes[w]!, values.wire(w)!)));
  }
  for (const [form, shape] of [
    ...plan.identities.map((i) => [i.form, i.shape] as const),
    ...plan.lookups.map((l) => [l.key, l.shape] as const),
  ]) {
    const covector = randomCovector(shape, random);
    const k = randomExt(random);
    all.addForm(form, covector, k);
    sum = add(sum, mul(k, pair(covector, shape, values.form(form, sizeOf(shape)))));
  }
  expectEqual('everything', sum, all);
  for (let n = 0; n < singles && claimed.length > 0; n++) {
    const w = random.pick(claimed);
    const covector = randomCovector(plan.shapes[w]!, random);
    const one = begin();
    one.add(w, covector);
    expectEqual(`wire ${w}`, pair(covector, plan.shapes[w]!, values.wire(w)!), one);
  }
  for (const { a, b } of plan.contractions)
    for (const w of [a, b]) {
      const covector = randomCovector(plan.shapes[w]!, random);
      const one = begin();
      one.add(w, covector);
      const leaves = expectEqual(`operand ${w}`, pair(covector, plan.shapes[w]!, values.wire(w)!), one);
      if (leaves.contractions.some((x) => x.length > 0))
        throw new Error(`operand ${w} of a contraction depends on a contraction`);
    }
}

/** Wires that claims start from, and columns. */
function claimedWires(plan: Plan): number[] {
  const forms = [...plan.identities.map((i) => i.form), ...plan.lookups.map((l) => l.key)];
  return [
    ...new Set([
      ...forms.flatMap((f) => f.terms.map((t) => t.wire)),
      ...plan.outputs.map((o) => o.wire),
      ...plan.columns.map((column) => column.wire),
    ]),
  ];
}

const publicOutputs = (plan: Plan, values: Replay['values']): ReadonlyMap<string, readonly bigint[]> =>
  new Map(plan.outputs.map((o) => [o.name, values[o.wire]!]));

/** The ports that a plan's circuit has: a registration has parameters only. */
export function portsIn(plan: Plan, ports: Ports): Ports {
  const names = new Set(plan.circuit.ports.map((p) => p.name));
  return new Map([...ports].filter(([name]) => names.has(name)));
}

/** Statements that honest columns of this run violate: none. @throws Error naming them. */
export function checkHonestPlan(plan: Plan, inputs: Ports): void {
  const witness = runWitness(plan.circuit, inputs);
  const outputs = new Map(plan.outputs.map((o) => [o.name, witness.exact(o.wire)]));
  const broken = violations(plan, planWitness(plan, witness), exactInputs(inputs), outputs);
  if (broken.length > 0) throw new Error(`an honest run violates ${broken.join(', ')}`);
  // The checker itself: an output that differs is refused.
  for (const o of plan.outputs) {
    const y = outputs.get(o.name)!;
    if (y.length === 0) continue;
    const wrong = new Map(outputs).set(o.name, y.with(0, y[0]! === o.range.hi ? y[0]! - 1n : y[0]! + 1n));
    if (violations(plan, planWitness(plan, witness), exactInputs(inputs), wrong).length === 0)
      throw new Error(`another output ${o.name} is accepted`);
  }
}

/** Lies about single hints and lookups: the joint lies of their kind, and single cells changed. */
function* liesAbout(c: Circuit, honest: Replay, random: Random, perHint: number): Generator<Lie> {
  for (const [instr, i] of c.instrs.entries()) {
    if (i.op !== 'hint' && i.op !== 'lookup') continue;
    const outputs = i.out.map((w) => honest.values[w]!);
    if (outputs[0]!.length === 0) continue;
    if (i.op === 'hint') {
      const run = {
        hint: i.hint,
        inputs: i.in.map((w) => honest.values[w]!),
        outputs,
        ranges: i.out.map((w) => c.wires[w]!.range),
        row: c.wires[i.out[0]!]!.shape.at(-1) ?? 1,
        modulus: MODULUS,
      };
      const lies = liesOf(run, random.below(lieSites(run)));
      const chosen = lies.length <= perHint ? lies : Array.from({ length: perHint }, () => random.pick(lies));
      for (const lie of chosen) yield { instr, commit: lie.outputs };
    }
    for (const [j, cells] of outputs.entries()) {
      const at = random.below(cells.length);
      for (const v of [cells[at]! + 1n, cells[at]! - 1n, random.integer({ lo: 0n, hi: MODULUS - 1n })])
        yield { instr, commit: outputs.with(j, cells.with(at, v)) };
    }
  }
}

/**
 * Runs with lies, committed as well as such a prover can, with the outputs that follow from them: the plan refuses
 * exactly what the circuit refuses, but for hints that no constraint reaches.
 * @returns the number of lies. @throws Error naming a lie that is accepted.
 */
export function checkPlanRefusesLies(plan: Plan, inputs: Ports, random: Random, perHint = 8): number {
  const given = exactInputs(inputs);
  const replayer = createReplayer(plan.circuit, given);
  let tried = 0;
  for (const lie of liesAbout(plan.circuit, replayer.honest, random, perHint)) {
    const run = replayer.run([lie]);
    const columns = fillColumns(plan, (w) => residueWords(run.values[w]!));
    const outputs = publicOutputs(plan, run.values);
    const broken = violations(plan, columns, given, outputs);
    tried++;
    const isRefused = run.violated.length > 0;
    const differs = plan.outputs.some((o) =>
      run.values[o.wire]!.some((v, e) => canonical(v) !== canonical(replayer.honest.values[o.wire]![e]!)),
    );
    const i = plan.circuit.instrs[lie.instr];
    const what = i !== undefined && 'label' in i ? i.label : `instruction ${lie.instr}`;
    if (broken.length === 0 && differs) throw new Error(`a lie about ${what} changes the outputs and is accepted`);
    if (broken.length === 0 && isRefused && isReached(plan, lie.instr, run, replayer.honest))
      throw new Error(`a lie about ${what} is accepted, which violates ${run.violated.join(', ')}`);
    if (broken.length > 0 && !isRefused) throw new Error(`what the circuit accepts is refused: ${broken.join(', ')}`);
  }
  return tried;
}

/** True if the lie changes a column. */
function isReached(plan: Plan, instr: number, run: Replay, honest: Replay): boolean {
  const i = plan.circuit.instrs[instr];
  if (i === undefined || !('out' in i)) return false;
  const columns = new Set(plan.columns.map((column) => column.wire));
  return [i.out]
    .flat()
    .some((w) => columns.has(w) && run.values[w]!.some((v, e) => canonical(v) !== canonical(honest.values[w]![e]!)));
}
