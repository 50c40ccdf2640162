// Small constraint systems with satisfying witnesses for the tests of file formats and Groth16.
import { join } from 'node:path';
import {
  createR1csWriter,
  createWtnsWriter,
  type LinearCombination,
  type R1csCounts,
  SCALAR_FIELD,
} from '../../compiler/ir/iden3/index.ts';

export interface SmallCircuit extends R1csCounts {
  readonly variables: number;
  readonly rows: readonly (readonly [LinearCombination, LinearCombination, LinearCombination])[];
  /** Values of all variables, signed. */
  readonly witness: readonly bigint[];
}

/** A linear combination from [variable, coefficient] pairs. */
export function sum(...terms: readonly (readonly [number, bigint | number])[]): LinearCombination {
  const sorted = [...terms].sort((x, y) => x[0] - y[0]);
  return { variables: sorted.map((t) => t[0]), coefficients: sorted.map((t) => BigInt(t[1])) };
}

/** y = x^3 + x + 5 with public y and private x. */
export function cubic(x: bigint): SmallCircuit {
  const rows = [
    [sum([2, 1]), sum([2, 1]), sum([3, 1])],
    [sum([3, 1]), sum([2, 1]), sum([1, 1], [2, -1], [0, -5])],
  ] as const;
  return {
    publicOutputs: 1,
    publicInputs: 0,
    privateInputs: 1,
    variables: 4,
    rows,
    witness: [1n, x ** 3n + x + 5n, x, x * x],
  };
}

/** A private value of `bits` bits that equals the public input, as a sum of boolean digits. */
export function rangeBits(bits: number, value: bigint): SmallCircuit {
  const digits = Array.from({ length: bits }, (_, i) => 3 + i);
  const rows = digits.map((d) => [sum([d, 1]), sum([d, 1], [0, -1]), sum()] as const);
  const weighted = sum(...digits.map((d, i) => [d, 1n << BigInt(i)] as const));
  rows.push([weighted, sum([0, 1]), sum([2, 1])], [sum([2, 1], [1, -1]), sum([0, 1]), sum()]);
  return {
    publicOutputs: 0,
    publicInputs: 1,
    privateInputs: 1,
    variables: 3 + bits,
    rows,
    witness: [1n, value, value, ...digits.map((_, i) => (value >> BigInt(i)) & 1n)],
  };
}

/** A random satisfied system: each row defines a new variable as the product of two sparse sums, or is linear. */
export function randomCircuit(rows: number, seed: number, terms = 3): SmallCircuit {
  const next = generator(seed);
  const counts = { publicOutputs: 1 + (next() % 3), publicInputs: next() % 3, privateInputs: 1 + (next() % 4) };
  const witness: bigint[] = [1n];
  const free = counts.publicOutputs + counts.publicInputs + counts.privateInputs;
  for (let i = 0; i < free; i++) witness.push(BigInt(next() % 2001) - 1000n);
  const list: (readonly [LinearCombination, LinearCombination, LinearCombination])[] = [];
  const combination = (): LinearCombination => {
    const chosen = new Map<number, bigint>();
    const size = next() % (terms + 1);
    for (let i = 0; i < size; i++) {
      const wide = next() % 4 === 0;
      const magnitude = wide ? (BigInt(next()) << 200n) + BigInt(next()) : BigInt(next() % 100) + 1n;
      chosen.set(next() % witness.length, next() % 2 === 0 ? magnitude : -magnitude);
    }
    return sum(...chosen);
  };
  const value = (s: LinearCombination): bigint =>
    s.variables.reduce((t, v, i) => t + witness[v]! * s.coefficients[i]!, 0n) % SCALAR_FIELD;
  for (let i = 0; i < rows; i++) {
    const [a, b, c] = [combination(), combination(), combination()];
    const fresh = witness.length;
    witness.push((value(a) * value(b) - value(c)) % SCALAR_FIELD);
    list.push([a, b, sum([fresh, 1], ...c.variables.map((v, j) => [v, c.coefficients[j]!] as const))]);
  }
  return { ...counts, variables: witness.length, rows: list, witness };
}

/** Writes `circuit.r1cs` and `witness.wtns` into a folder. */
export function writeCircuit(
  folder: string,
  circuit: SmallCircuit,
): { readonly r1csPath: string; readonly wtnsPath: string } {
  const r1csPath = join(folder, 'circuit.r1cs');
  const r1cs = createR1csWriter(r1csPath, circuit);
  for (const [a, b, c] of circuit.rows) r1cs.row(a, b, c);
  r1cs.close(circuit.variables);
  const wtnsPath = join(folder, 'witness.wtns');
  writeWitness(wtnsPath, circuit.witness);
  return { r1csPath, wtnsPath };
}

export function writeWitness(path: string, values: readonly bigint[]): void {
  const file = createWtnsWriter(path);
  for (const v of values) file.push(v);
  file.close();
}

/** The public signals of a circuit as field elements. */
export function publicSignals(circuit: SmallCircuit): bigint[] {
  return circuit.witness
    .slice(1, 1 + circuit.publicOutputs + circuit.publicInputs)
    .map((v) => (v < 0n ? v + SCALAR_FIELD : v));
}

/** Deterministic 31-bit numbers (xorshift). */
export function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state >>> 1;
  };
}
