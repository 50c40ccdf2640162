// Compiles circuits with the real Circom compiler and checks witnesses against the rows that it wrote.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CIRCOM_FILES, compileCircom, emitCircom, writeCircomSource } from '../../compiler/backends/circom/index.ts';
import type { Circuit, Port } from '../../compiler/ir/circuit.ts';
import {
  circomSignals,
  decodeCircomInputs,
  type LinearCombination,
  loadWitnessCalculator,
  type R1csHeader,
  type R1csRow,
  readR1csHeader,
  readR1csRows,
  readSym,
  SCALAR_FIELD,
} from '../../compiler/ir/iden3/index.ts';
import { invert } from '../../compiler/ir/poseidon.ts';
import { publicSignals } from '../../compiler/ir/public-signals.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';

/** What the Circom compiler made of a circuit. */
export interface Compiled {
  readonly circuit: Circuit;
  /** Text of the main file. */
  readonly text: string;
  readonly header: R1csHeader;
  readonly rows: readonly R1csRow[];
  /** Name of each variable; of signals that are equal, the one that was kept. */
  readonly names: ReadonlyMap<number, string>;
  /** Ports whose values the prover chooses, by the name of their signal: inputs, and outputs that are inputs. */
  readonly chosen: ReadonlyMap<string, Port>;
  /** Values of all variables for the given ports, in [0, r). */
  witness(
    inputs: ReadonlyMap<string, Tensor>,
    blindings?: ReadonlyMap<string, bigint>,
    /** Values of further input signals. */
    more?: ReadonlyMap<string, readonly bigint[]>,
  ): Promise<bigint[]>;
}

/** Changes texts before they are compiled; `file` is the name of a file of the library, or `main`. */
export type Edit = (text: string, file: string) => string;

export async function compileCircuit(circuit: Circuit, edit: Edit = (text) => text): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-circom-'));
  try {
    const source = emitCircom(circuit, { model: 'test' });
    writeCircomSource({ ...source, main: edit(source.main, 'main') }, folder);
    for (const file of source.library) {
      const path = join(folder, 'zkmlc', `${file}.circom`);
      writeFileSync(path, edit(readFileSync(path, 'utf8'), file));
    }
    const compiled = await compileCircom(join(folder, CIRCOM_FILES.main));
    const path = compiled.r1cs;
    const inputs = decodeCircomInputs(readFileSync(join(folder, CIRCOM_FILES.inputs), 'utf8'), CIRCOM_FILES.inputs);
    const calculator = await loadWitnessCalculator(readFileSync(compiled.wasm));
    const names = new Map<number, string>();
    for (const s of readSym(join(folder, CIRCOM_FILES.symbols))) if (s.variable >= 0) names.set(s.variable, s.name);
    const entering = circuit.ports.filter((p) => p.role !== 'output');
    const leaving = circuit.ports.filter((p) => p.role === 'output' && entering.some((e) => e.wire === p.wire));
    return {
      circuit,
      text: readFileSync(join(folder, CIRCOM_FILES.main), 'utf8'),
      header: readR1csHeader(path),
      rows: [...readR1csRows(path)],
      names,
      chosen: new Map([
        ...inputs.map((i) => [`main.${i.signal}`, entering.find((p) => p.name === i.port)!] as const),
        ...leaving.map((p) => [`main.${p.name}`, p] as const),
      ]),
      async witness(values, blindings, more = new Map()) {
        const elements = new Map([...values].map(([name, t]) => [name, t.data]));
        const signals = new Map([...circomSignals(inputs, elements, blindings), ...more]);
        const found = calculator.calculate(signals);
        return Array.from({ length: found.size }, (_, v) => found.value(v));
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const reduce = (x: bigint): bigint => ((x % SCALAR_FIELD) + SCALAR_FIELD) % SCALAR_FIELD;

function combined(x: LinearCombination, values: readonly bigint[]): bigint {
  return x.variables.reduce((sum, v, k) => sum + values[v]! * x.coefficients[k]!, 0n);
}

/** Whether a * b = c. */
export function isSatisfied(row: R1csRow, values: readonly bigint[]): boolean {
  return reduce(combined(row.a, values) * combined(row.b, values) - combined(row.c, values)) === 0n;
}

/** Public signals by port: elements as signed integers, or the commitment as a field element. */
export function publicValues(c: Circuit, values: readonly bigint[]): ReadonlyMap<string, readonly bigint[]> {
  const found = new Map<string, readonly bigint[]>();
  let next = 1;
  for (const { port, kind, count } of publicSignals(c)) {
    const name = c.ports[port]!.name;
    const run = values.slice(next, next + count);
    next += count;
    if (kind === 'commitment') found.set(`${name}.commitment`, run);
    else
      found.set(
        name,
        run.map((v) => (v > SCALAR_FIELD / 2n ? v - SCALAR_FIELD : v)),
      );
  }
  return found;
}

/** True if the prover may choose the value: an input, inside the interval that it is proved to lie in. */
function isChoice(compiled: Compiled, variable: number, value: bigint): boolean {
  const port = compiled.chosen.get((compiled.names.get(variable) ?? '').replace(/\[.*/, ''));
  if (port === undefined) return false;
  const { lo, hi } = compiled.circuit.wires[port.wire]!.range;
  return [value, value - SCALAR_FIELD].some((v) => lo <= v && v <= hi);
}

/** True for signals of components. */
function isInner(compiled: Compiled, variable: number): boolean {
  return (compiled.names.get(variable) ?? '').split('.').length > 2;
}

/** The rows that each variable stands in. */
function rowsByVariable(compiled: Compiled): readonly ReadonlySet<R1csRow>[] {
  const rowsOf = Array.from({ length: compiled.header.variables }, (): Set<R1csRow> => new Set());
  for (const row of compiled.rows)
    for (const x of [row.a, row.b, row.c]) for (const v of x.variables) rowsOf[v]!.add(row);
  return rowsOf;
}

/**
 * Changes every variable but the constant one, one at a time and to several wrong values, and collects those that all rows
 * accept: signals that a cheating prover is free to choose. Then the same for two variables of a row that stays satisfied.
 */
export function freeVariables(compiled: Compiled, values: readonly bigint[]): string[] {
  const rowsOf = rowsByVariable(compiled);
  const forged = [...values];
  const free: string[] = [];
  const attempt = (changes: readonly (readonly [number, bigint])[]): void => {
    const real = changes.filter(([v, wrong]) => wrong !== values[v]);
    if (real.length === 0 || real.every(([v, wrong]) => isChoice(compiled, v, wrong))) return;
    for (const [v, wrong] of real) forged[v] = wrong;
    if (real.every(([v]) => [...rowsOf[v]!].every((row) => isSatisfied(row, forged))))
      free.push(real.map(([v, wrong]) => `${compiled.names.get(v)}: ${wrong} instead of ${values[v]}`).join(', '));
    for (const [v] of real) forged[v] = values[v]!;
  };
  for (let v = 1; v < values.length; v++) {
    const honest = values[v]!;
    for (const wrong of [honest + 1n, honest - 1n, 1n - honest, -honest, honest * 2n]) attempt([[v, reduce(wrong)]]);
  }
  for (const row of compiled.rows) {
    const c = row.c;
    const factors = new Set([...row.a.variables, ...row.b.variables]);
    const last = c.variables.findLastIndex((v) => v !== 0 && !factors.has(v));
    // A row that defines one variable by a product: another factor, and the product to match.
    if (last >= 0 && factors.size <= 8)
      for (const v of factors) {
        const w = c.variables[last]!;
        if (v === 0 || !isInner(compiled, v) || !isInner(compiled, w)) continue;
        forged[v] = values[v]! + 1n;
        const excess = combined(row.a, forged) * combined(row.b, forged) - combined(c, forged);
        forged[v] = values[v]!;
        attempt([
          [v, reduce(values[v]! + 1n)],
          [w, reduce(values[w]! + excess * invert(c.coefficients[last]!))],
        ]);
      }
    for (let k = 1; k < c.variables.length; k++) {
      const [v, w] = [c.variables[k - 1]!, c.variables[k]!];
      const [kv, kw] = [c.coefficients[k - 1]!, c.coefficients[k]!];
      // Signals of the main template may be inputs, which a prover chooses together with what follows from them.
      if (!isInner(compiled, v) || !isInner(compiled, w)) continue;
      // For bits this moves a unit of the higher one down: 2 and -1 are no booleans.
      const [dv, dw] = kw % kv === 0n ? [kw / kv, 1n] : [kw, kv];
      attempt([
        [v, reduce(values[v]! + dv)],
        [w, reduce(values[w]! - dw)],
      ]);
    }
  }
  return free;
}

/** Emitted text with a further input `lie`, one element of which is added to each value that a hint assigns. */
export interface LyingText {
  readonly text: string;
  /** The statement that each element falsifies. */
  readonly statements: readonly string[];
}

/**
 * Lets the witness calculator lie: `x <-- f(y);` becomes `x <-- f(y) + lie[k];`, for all elements of the nest at once, while
 * everything after it is computed honestly from the lie.
 */
export function withLies(main: string): LyingText {
  const statements: string[] = [];
  const liars = new Set<string>();
  const lied = main.replace(/^template (\w+)\(\) \{\n([\s\S]*?)^\}$/gm, (all, name: string, body: string) => {
    const before = statements.length;
    const changed = body.replace(
      /^( *)(.* <-- .*|var (?:best|rank)\w* = .*);$/gm,
      (_, indent: string, text: string) => {
        statements.push(`${name}: ${text}`);
        // A comparison must be complete before something is added to it.
        const [, target, value] = /^(.*?(?:<--|=)) (.*)$/.exec(text)!;
        return `${indent}${target} (${value}) + lie[${statements.length - 1}];`;
      },
    );
    if (statements.length === before) return all;
    liars.add(name);
    return `template ${name}() {\n  signal input lie[COUNT];\n${changed}}`;
  });
  const called = lied
    .replace(/\b(\w+)\(\)\((?=.*\);$)/gm, (all, name: string) => (liars.has(name) ? `${all}lie, ` : all))
    .replace(/^template Model\(\) \{$/m, 'template Model() {\n  signal input lie[COUNT];');
  return { text: called.replaceAll('COUNT', String(statements.length)), statements };
}

/** Parts of a combination at the given values: what is known, and the coefficient of variable `unknown`. */
function split(x: LinearCombination, values: readonly bigint[], unknown: number): readonly [bigint, bigint] {
  let [rest, factor] = [0n, 0n];
  for (const [k, v] of x.variables.entries())
    if (v === unknown) factor += x.coefficients[k]!;
    else rest += values[v]! * x.coefficients[k]!;
  return [rest, factor];
}

/**
 * Variables that the rows do not determine in turn, starting from the inputs and from variables whose name is `given`: a
 * row determines its only open variable if it is linear in it at the given values, with a coefficient that is not zero.
 */
export function undetermined(
  compiled: Compiled,
  values: readonly bigint[],
  given: (name: string) => boolean,
): string[] {
  const { publicOutputs, publicInputs, privateInputs } = compiled.header;
  const nameOf = (v: number): string => compiled.names.get(v) ?? `variable ${v}`;
  const known = values.map(
    (_, v) => v === 0 || (v > publicOutputs && v <= publicOutputs + publicInputs + privateInputs) || given(nameOf(v)),
  );
  for (let progress = true; progress; ) {
    progress = false;
    for (const { a, b, c } of compiled.rows) {
      const open = new Set([a, b, c].flatMap((x) => x.variables.filter((v) => !known[v])));
      const [v] = open;
      if (v === undefined || open.size > 1) continue;
      const [[a0, a1], [b0, b1], [, c1]] = [a, b, c].map((x) => split(x, values, v)) as [Parts, Parts, Parts];
      if (reduce(a1 * b1) !== 0n || reduce(a1 * b0 + a0 * b1 - c1) === 0n) continue;
      known[v] = true;
      progress = true;
    }
  }
  return known.flatMap((k, v) => (k ? [] : [nameOf(v)]));
}

type Parts = ReturnType<typeof split>;
