// The cheating reading: replays a circuit over the field with committed values of the caller's choice, and says what breaks.
import { type Circuit, type Instr, inputsOf, outputsOf } from '../circuit.ts';
import { evaluateHint } from '../hint.ts';
import { contains, type Interval } from '../interval.ts';
import { columnsOf, type Table, tableValue } from '../table.ts';
import { sizeOf } from '../tensor.ts';
import { exactEvaluator, isArithmetic } from './exact.ts';

/** What a cheating prover commits instead of the outputs of one hint or lookup. */
export interface Lie {
  /** Index of the instruction in `Circuit.instrs`. */
  readonly instr: number;
  /** The outputs to commit (elements of the field), or a function of the honest ones after earlier lies. */
  readonly commit:
    | readonly (readonly bigint[])[]
    | ((
        honest: readonly (readonly bigint[])[],
        inputs: readonly (readonly bigint[])[],
      ) => readonly (readonly bigint[])[]);
}

/** A run over the field. */
export interface Replay {
  /** Representatives of the elements of every wire: inside the wire's interval where one exists. */
  readonly values: readonly (readonly bigint[])[];
  /** Labels of the constraints that do not hold. Empty: the circuit accepts. */
  readonly violated: readonly string[];
  /** Lemmas of `deduce` that do not hold. If the circuit accepts, such a lemma is wrong: a fault of a gadget. */
  readonly falseLemmas: readonly string[];
}

export interface Replayer {
  readonly honest: Replay;
  /** Runs again with lies; later hints are computed from them. `firstOnly` stops at the first violation. */
  run(lies: readonly Lie[], options?: { readonly firstOnly?: boolean }): Replay;
}

/** The representative of x modulo p in [-(p-1)/2, (p-1)/2] (p odd). */
export function centered(x: bigint, p: bigint): bigint {
  const r = ((x % p) + p) % p;
  return r > p / 2n ? r - p : r;
}

/** True if some integer congruent to x modulo p lies in the interval, which is shorter than p. */
export function isInModulo(x: bigint, to: Interval, p: bigint): boolean {
  return (((x - to.lo) % p) + p) % p <= to.hi - to.lo;
}

/** The representative inside the interval if there is one, else the centered one. */
function representative(x: bigint, r: Interval, p: bigint): bigint {
  if (contains(r, x)) return x;
  const inside = r.lo + ((((x - r.lo) % p) + p) % p);
  return inside <= r.hi ? inside : centered(x, p);
}

const isSame = (x: readonly bigint[], y: readonly bigint[], p: bigint): boolean =>
  x.every((v, e) => v === y[e] || (v - y[e]!) % p === 0n);

/** Prepares runs of one circuit on fixed inputs: each run recomputes only what its lies change. */
export function createReplayer(c: Circuit, inputs: ReadonlyMap<string, readonly bigint[]>): Replayer {
  const step = createFieldStep(c, inputs);
  const values: (readonly bigint[])[] = [];
  const honest = { values, violated: [] as string[], falseLemmas: [] as string[] };
  for (const [index, i] of c.instrs.entries()) step(index, i, honest, undefined);
  return {
    honest,
    run(lies, { firstOnly = false } = {}) {
      const state = { values: [...values], violated: [...honest.violated], falseLemmas: [...honest.falseLemmas] };
      const byInstr = new Map(lies.map((l) => [l.instr, l]));
      const changed = new Set<number>();
      const first = Math.min(...lies.map((l) => l.instr));
      for (let index = first; index < c.instrs.length; index++) {
        const i = c.instrs[index]!;
        const lie = byInstr.get(index);
        if (lie === undefined && !inputsOf(i).some((w) => changed.has(w))) continue;
        const before = outputsOf(i).map((w) => state.values[w]!);
        step(index, i, state, lie);
        for (const [j, w] of outputsOf(i).entries())
          if (!isSame(state.values[w]!, before[j]!, c.target.modulus)) changed.add(w);
        if (firstOnly && state.violated.length > 0) break;
      }
      return state;
    },
  };
}

/** One run. Inputs are elements of input and parameter ports, row-major. */
export function replay(c: Circuit, inputs: ReadonlyMap<string, readonly bigint[]>, ...lies: readonly Lie[]): Replay {
  const replayer = createReplayer(c, inputs);
  return lies.length === 0 ? replayer.honest : replayer.run(lies);
}

/** A run in progress, changed by each step. */
export interface FieldState {
  readonly values: (readonly bigint[])[];
  readonly violated: string[];
  readonly falseLemmas: string[];
}

/** The effect of one instruction on a run; a lie replaces what it commits. */
export function createFieldStep(
  c: Circuit,
  inputs: ReadonlyMap<string, readonly bigint[]>,
): (index: number, i: Instr, state: FieldState, lie: Lie | undefined) => void {
  const p = c.target.modulus;
  const evaluate = exactEvaluator(c);
  return (index, i, state, lie) => {
    const read = (w: number): readonly bigint[] => state.values[w]!;
    const write = (w: number, values: readonly bigint[]): void => {
      const { range } = c.wires[w]!;
      state.values[w] = values.map((v) => representative(v, range, p));
    };
    const require = (values: readonly bigint[], to: Interval, label: string, part = ''): void => {
      if (!values.every((v) => isInModulo(v, to, p))) state.violated.push(label + part);
    };
    if (isArithmetic(i)) {
      const result = evaluate(index, i, read);
      const { range } = c.wires[i.out]!;
      if (i.op === 'deduce' && result.some((v) => !contains(range, representative(v, range, p))))
        state.falseLemmas.push(`${c.scopes[c.scope[index]!]}: ${i.lemma} at wire ${i.out}`);
      return write(i.out, result);
    }
    switch (i.op) {
      case 'port': {
        const { name, wire } = c.ports[i.port]!;
        const x = inputs.get(name);
        if (x?.length !== sizeOf(c.wires[wire]!.shape)) throw new RangeError(`replay: bad value for input ${name}`);
        require(x, c.wires[wire]!.range, name);
        return write(i.out, x);
      }
      case 'hint': {
        const operands = i.in.map(read);
        const shapes = i.in.map((w) => c.wires[w]!.shape);
        const outputs = told(lie, () => evaluateHint(i.hint, operands, shapes), operands);
        for (const [j, w] of i.out.entries()) {
          if (!i.proved[j]) require(outputs[j]!, c.wires[w]!.range, i.label, `.${j}`);
          write(w, outputs[j]!);
        }
        return;
      }
      case 'lookup': {
        const table = c.tables.get(i.table)!;
        const keys = read(i.in);
        require(keys, table.domain, i.label);
        const honest = Array.from({ length: columnsOf(table) }, (_, j) => keys.map((k) => valueAt(table, j, k, p)));
        const outputs = told(lie, () => honest, [keys]);
        if (outputs.some((column, j) => !isSame(column, honest[j]!, p))) state.violated.push(i.label);
        for (const [j, w] of i.out.entries()) write(w, outputs[j]!);
        return;
      }
      case 'gather': {
        const rows = c.wires[i.in[0]]!.shape[0]!;
        const x = read(i.in[0]);
        const block = x.length / rows;
        const index_ = read(i.in[1]);
        require(index_, { lo: 0n, hi: BigInt(rows - 1) }, i.label);
        const chosen = index_.flatMap((k) => {
          const row = Number(((k % p) + p) % p);
          return row < rows ? x.slice(row * block, (row + 1) * block) : new Array<bigint>(block).fill(0n);
        });
        const outputs = told(lie, () => [chosen], [x, index_]);
        if (!isSame(outputs[0]!, chosen, p)) state.violated.push(i.label);
        return write(i.out, outputs[0]!);
      }
      case 'range':
        require(read(i.in), i.to, i.label);
        return write(i.out, read(i.in));
      case 'zero':
        if (read(i.in).some((v) => v % p !== 0n)) state.violated.push(i.label);
        return;
    }
  };
}

/** What is committed: the honest values, or what the lie makes of them. */
function told(
  lie: Lie | undefined,
  honest: () => readonly (readonly bigint[])[],
  inputs: readonly (readonly bigint[])[],
): readonly (readonly bigint[])[] {
  if (lie === undefined) return honest();
  return typeof lie.commit === 'function' ? lie.commit(honest(), inputs) : lie.commit;
}

/** Table value at a residue; outside the domain (a violation anyway) the nearest sensible value. */
function valueAt(t: Table, column: number, key: bigint, p: bigint): bigint {
  const inside = t.domain.lo + ((((key - t.domain.lo) % p) + p) % p);
  if (inside <= t.domain.hi) return tableValue(t, column, inside);
  return tableValue(t, column, centered(key, p) < t.domain.lo ? t.domain.lo : t.domain.hi);
}
