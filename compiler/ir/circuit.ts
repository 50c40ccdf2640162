// The circuit IR: a tensor-level arithmetic circuit over the integers. Wires are whole tensors with proven intervals.
import type { Contraction } from './contraction.ts';
import type { Hint } from './hint.ts';
import type { Interval } from './interval.ts';
import type { Table } from './table.ts';
import type { Shape, Tensor } from './tensor.ts';
import type { View } from './view.ts';

/** A whole tensor of integers with a proven interval. Readings extend it; operators see nothing more. */
export interface Wire {
  readonly shape: Shape;
  readonly range: Interval;
}

/** What a target can do. Read by gadgets/compare, gadgets/gather and gadgets/wide, by nothing else. */
export interface Capabilities {
  readonly name: string;
  readonly modulus: bigint;
  /** Lookup arguments are native: a table costs per row once, not per use. */
  readonly lookups: boolean;
  /** Largest table domain (bits). */
  readonly tableBits: number;
  readonly gather: boolean;
}

/** BN254's scalar field with rank-1 constraints: no lookups. */
export const BN254: Capabilities = {
  name: 'bn254',
  modulus: 21888242871839275222246405745257275088548364400416034343698204186575808495617n,
  lookups: false,
  tableBits: 12,
  gather: false,
};

/** KoalaBear (p = 2^31 - 2^24 + 1) with lookup arguments. */
export const KOALABEAR: Capabilities = {
  name: 'koalabear',
  modulus: 2n ** 31n - 2n ** 24n + 1n,
  lookups: true,
  tableBits: 16,
  gather: true,
};

/** Why a trusted narrowing is true; each use has its argument at the head of the gadget that makes it. */
export type Lemma = 'max' | 'select' | 'clamp' | 'carry' | 'mean' | 'norm';

/** How a wire follows from others without any constraint: enough to compute it in another way. */
export type Origin<W extends Wire = Wire> =
  | { readonly op: 'constant'; readonly value: Tensor }
  | { readonly op: 'affine'; readonly terms: readonly (readonly [W, bigint])[]; readonly c: bigint }
  | { readonly op: 'view'; readonly x: W; readonly steps: readonly View[] }
  | { readonly op: 'concat'; readonly xs: readonly W[]; readonly axis: number }
  | { readonly op: 'sum'; readonly x: W; readonly axes: readonly number[] }
  | { readonly op: 'contract'; readonly spec: Contraction; readonly x: W; readonly y: W }
  | { readonly op: 'deduce'; readonly x: W };

/**
 * The primitives that lowering may use. Every wire is an integer tensor; nothing is a residue. Labels name the
 * constraint in errors, reports and Circom comments.
 */
export interface Builder<W extends Wire = Wire> {
  readonly target: Capabilities;
  // Linear: free on every target.
  constant(t: Tensor): W;
  /** sum of k*x + c over equal shapes */
  affine(terms: readonly (readonly [W, bigint])[], c?: bigint): W;
  view(x: W, ...steps: readonly View[]): W;
  concat(xs: readonly W[], axis: number): W;
  /** Sums over the axes, which disappear. */
  sum(x: W, axes: readonly number[]): W;
  // Bilinear; linear if an operand is constant.
  contract(spec: Contraction, a: W, b: W): W;
  // Non-linear.
  /** x[index] along axis 0, index private; needs `target.gather`. */
  gather(x: W, index: W, label: string): W;
  /** Proves that the key lies in the table's domain and returns one wire per value column. */
  lookup(table: Table, key: W, label: string): readonly W[];
  /** Committed values, each proved to lie in the interval it declares. */
  hint(h: Hint, inputs: readonly W[], outs: readonly Wire[], label: string): readonly W[];
  /** Proves the interval, then narrows. Returns x itself if its range already lies inside. */
  range(x: W, to: Interval, label: string): W;
  assertZero(x: W, label: string): void;
  // Book-keeping.
  /** How the wire was made, if nothing was committed or stated for it; undefined for ports and what constraints return. */
  origin(x: W): Origin<W> | undefined;
  /** Trusted narrowing; only gadgets may use it. */
  deduce(x: W, to: Interval, lemma: Lemma): W;
  /** Prefixes labels: a named block for Circom and diagnostics. */
  scope<T>(label: string, body: () => T): T;
}

/** An instruction; wire ids index `Circuit.wires`. */
export type Instr =
  | { readonly op: 'port'; readonly port: number; readonly out: number }
  | { readonly op: 'constant'; readonly digest: string; readonly out: number }
  | {
      readonly op: 'affine';
      readonly in: readonly number[];
      readonly k: readonly bigint[];
      readonly c: bigint;
      readonly out: number;
    }
  | { readonly op: 'view'; readonly in: number; readonly steps: readonly View[]; readonly out: number }
  | { readonly op: 'concat'; readonly in: readonly number[]; readonly axis: number; readonly out: number }
  | { readonly op: 'sum'; readonly in: number; readonly axes: readonly number[]; readonly out: number }
  | {
      readonly op: 'contract';
      readonly in: readonly [number, number];
      readonly spec: Contraction;
      readonly out: number;
    }
  | { readonly op: 'gather'; readonly in: readonly [number, number]; readonly label: string; readonly out: number }
  | {
      readonly op: 'lookup';
      readonly in: number;
      readonly table: string;
      readonly label: string;
      readonly out: readonly number[];
    }
  /** proved[i]: a lookup with this output as its key already proves the interval. */
  | {
      readonly op: 'hint';
      readonly in: readonly number[];
      readonly hint: Hint;
      readonly proved: readonly boolean[];
      readonly label: string;
      readonly out: readonly number[];
    }
  | { readonly op: 'range'; readonly in: number; readonly to: Interval; readonly label: string; readonly out: number }
  | { readonly op: 'deduce'; readonly in: number; readonly lemma: Lemma; readonly out: number }
  | { readonly op: 'zero'; readonly in: number; readonly label: string };

/** Who may see the values of a port; `committed` values are bound by a Poseidon hash that is public. */
export type Visibility = 'public' | 'private' | 'committed';

/** Where tensors enter and leave. Ports are range-proved where they enter. */
export interface Port {
  readonly name: string;
  readonly role: 'input' | 'param' | 'output';
  readonly visibility: Visibility;
  readonly wire: number;
}

/** A recorded circuit: instructions as data over whole tensors; tables and constants by digest. */
export interface Circuit {
  readonly target: Capabilities;
  readonly ports: readonly Port[];
  readonly wires: readonly Wire[];
  readonly instrs: readonly Instr[];
  /** scopes[scope[i]] is the block that instruction i belongs to: '' or `node/gadget/...`. */
  readonly scope: Int32Array;
  readonly scopes: readonly string[];
  /** Tables by digest. */
  readonly tables: ReadonlyMap<string, Table>;
  /** Constants by digest. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** Wire ids that an instruction reads. */
export function inputsOf(i: Instr): readonly number[] {
  if (!('in' in i)) return [];
  return typeof i.in === 'number' ? [i.in] : i.in;
}

/** Wire ids that an instruction defines. */
export function outputsOf(i: Instr): readonly number[] {
  if (!('out' in i)) return [];
  return typeof i.out === 'number' ? [i.out] : i.out;
}
