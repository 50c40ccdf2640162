// Compiles circuits with the real Circom compiler and checks witnesses against the rows that it wrote.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CIRCOM_FILES, emitCircomCircuit } from '../../compiler/backends/circom/index.ts';
import type { Circuit, Port } from '../../compiler/ir/circuit.ts';
import {
  calculateWitness,
  circomSignals,
  decodeCircomInputs,
  type LinearCombination,
  type R1csHeader,
  type R1csRow,
  readR1csHeader,
  readR1csRows,
  readSym,
  SCALAR_FIELD,
} from '../../compiler/ir/iden3/index.ts';
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
  witness(inputs: ReadonlyMap<string, Tensor>, blindings?: ReadonlyMap<string, bigint>): Promise<bigint[]>;
}

export async function compileCircuit(circuit: Circuit, model = 'test'): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-circom-'));
  try {
    const { r1cs } = await emitCircomCircuit(circuit, folder, { model });
    const path = join(folder, r1cs);
    const inputs = decodeCircomInputs(readFileSync(join(folder, CIRCOM_FILES.inputs), 'utf8'), CIRCOM_FILES.inputs);
    const wasm = readFileSync(join(folder, CIRCOM_FILES.calculator));
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
      async witness(values, blindings) {
        const elements = new Map([...values].map(([name, t]) => [name, t.data]));
        const found = await calculateWitness(wasm, circomSignals(inputs, elements, blindings));
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

/**
 * Changes every variable but the constant one, one at a time and to several wrong values, and collects those that all rows
 * accept: signals that a cheating prover is free to choose.
 */
export function freeVariables(compiled: Compiled, values: readonly bigint[]): string[] {
  const rowsOf = Array.from({ length: compiled.header.variables }, (): Set<R1csRow> => new Set());
  for (const row of compiled.rows)
    for (const x of [row.a, row.b, row.c]) for (const v of x.variables) rowsOf[v]!.add(row);
  const forged = [...values];
  const free: string[] = [];
  for (let v = 1; v < values.length; v++) {
    const honest = values[v]!;
    for (const wrong of [honest + 1n, honest - 1n, 1n - honest, -honest, honest * 2n].map(reduce)) {
      if (wrong === honest || isChoice(compiled, v, wrong)) continue;
      forged[v] = wrong;
      if ([...rowsOf[v]!].every((row) => isSatisfied(row, forged)))
        free.push(`${compiled.names.get(v)}: ${wrong} instead of ${honest}`);
    }
    forged[v] = honest;
  }
  return free;
}
