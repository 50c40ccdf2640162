// Functionals over cells as products within and across blocks: written out, or combined over pieces of the address.
import { blocksOf, type Factor, type PulledBack, type Term } from '../../../compiler/ir/interpret/plan.ts';
import type { Shape } from '../../../compiler/ir/tensor.ts';
import { denseFactors, liesIn } from './dense-factors.ts';
import { EXT, type Ext } from './field.ts';
import { addressOf, type Protocol } from './protocol.ts';
import type { Vectors } from './vectors.ts';

/**
 * A covector over the cells at an address, which starts a block: k outer[b] inner[i] at cell b 2^bits + i, summed over the
 * vectors `outer` with their k (K-vectors, one element per block). Parts with the same vector within blocks share it.
 */
export interface CellPart {
  readonly address: number;
  readonly outer: readonly ScaledVector[];
  readonly inner: Uint32Array;
}

export interface ScaledVector {
  readonly k: Ext;
  readonly values: Uint32Array;
}

/** Products within blocks, each written out once: by the sizes of the axes and which vectors lie on them. */
type Inners = (shape: Shape, inner: readonly number[], factors: readonly Factor[]) => Uint32Array;

function innerVectors(v: Vectors): Inners {
  const known = new Map<string, Uint32Array>();
  const numbers = new Map<Uint32Array, number>();
  const numberOf = (values: Uint32Array): number => {
    const number = numbers.get(values) ?? numbers.size;
    numbers.set(values, number);
    return number;
  };
  return (shape, inner, factors) => {
    const placed = factors.map((f) => `${numberOf(f.values)}@${f.axes.map((axis) => inner.indexOf(axis)).join()}`);
    const name = `${inner.map((axis) => shape[axis]!).join()} ${placed.sort().join(' ')}`;
    const have = known.get(name) ?? denseFactors(v, shape, inner, factors);
    known.set(name, have);
    return have;
  };
}

/** What claims pulled back to a column; the vectors within blocks are shared among all columns of one walk. */
export type ColumnParts = (column: number) => CellPart[];

/** Parts of every column, by number. A term that ties axes of blocks and cells has blocks of one cell. */
export function columnParts(v: Vectors, protocol: Protocol, pulled: readonly PulledBack[]): ColumnParts {
  const inners = innerVectors(v);
  return (column) => {
    const shape = protocol.plan.shapes[protocol.plan.columns[column]!.wire]!;
    const terms = pulled.flatMap((p) => p.columns[column]!);
    return [...partsOf(v, shape, addressOf(protocol, column), terms, inners)];
  };
}

function partsOf(
  v: Vectors,
  shape: Shape,
  address: number,
  terms: readonly Term[],
  inners: Inners,
): Iterable<CellPart> {
  const { outer, inner } = blocksOf(shape);
  const parts = new Map<Uint32Array, { address: number; outer: ScaledVector[]; inner: Uint32Array }>();
  for (const { k, factors } of terms) {
    const splits = factors.every((f) => liesIn(f, outer) || liesIn(f, inner));
    const within = splits ? factors.filter((f) => liesIn(f, inner)) : [];
    const across = splits ? factors.filter((f) => liesIn(f, outer)) : factors;
    const cells = inners(shape, splits ? inner : [], within);
    const values = denseFactors(v, shape, splits ? outer : [...outer, ...inner], across);
    const part = parts.get(cells) ?? { address, outer: [], inner: cells };
    parts.set(cells, part);
    part.outer.push({ k, values });
  }
  return parts.values();
}

/** Adds parts to a covector over the cells from address 0 on (K-vector). */
export function addCells(v: Vectors, cells: Uint32Array, parts: readonly CellPart[]): void {
  for (const { address, outer, inner } of parts) {
    const mark = v.mark();
    const words = outer[0]!.values.length;
    const target = cells.subarray(EXT * address, EXT * address + (words * inner.length) / EXT);
    // Blocks of one cell have the factor 1 in it.
    const blocks = inner.length === EXT ? target : v.alloc(words);
    for (const { k, values } of outer) v.addScaled(blocks, values, k);
    if (blocks !== target) v.addOuter(target, blocks, inner);
    v.release(mark);
  }
}

/**
 * The covector cut into pieces of 2^logPiece cells, in order of address: the sum over all pieces of weight times piece
 * (K-vector of 2^logPiece elements). The weights are a K-vector with at least one element for each piece.
 */
export function combinedCells(
  v: Vectors,
  parts: readonly CellPart[],
  weights: Uint32Array,
  logPiece: number,
): Uint32Array {
  const out = v.alloc(EXT * 2 ** logPiece);
  // Blocks lie within pieces: those at the same place of any pieces, with the same vector within, are joined first.
  const joined = new Map<Uint32Array, Uint32Array>();
  for (const part of parts) {
    const { inner } = part;
    if (inner.length > out.length) addAcross(v, out, part, weights);
    else {
      const places = joined.get(inner) ?? v.alloc((EXT * out.length) / inner.length);
      joined.set(inner, places);
      addPlaces(v, places, part, weights);
    }
  }
  for (const [inner, places] of joined) v.addOuter(out, places, inner);
  return out;
}

/** Adds weight times part to the places of blocks within a piece. */
function addPlaces(v: Vectors, places: Uint32Array, { address, outer, inner }: CellPart, weights: Uint32Array): void {
  const perPiece = places.length / EXT;
  const first = address / (inner.length / EXT);
  if (!Number.isInteger(first)) throw new RangeError(`address ${address} is within a block`);
  for (const { k, values } of outer) {
    const blocks = values.length / EXT;
    /** Blocks from b on: all of one piece that are left, or whole pieces. */
    const add = (b: number, count: number, rows: number): void => {
      const place = EXT * ((first + b) % perPiece);
      const piece = EXT * Math.floor((first + b) / perPiece);
      const factors = v.alloc(EXT * rows);
      v.addScaled(factors, weights.subarray(piece, piece + EXT * rows), k);
      v.addRows(
        places.subarray(place, place + EXT * count),
        values.subarray(EXT * b, EXT * (b + rows * count)),
        factors,
      );
    };
    const head = Math.min(blocks, (perPiece - (first % perPiece)) % perPiece);
    const whole = Math.floor((blocks - head) / perPiece);
    const tail = head + whole * perPiece;
    if (head > 0) add(0, head, 1);
    if (whole > 0) add(head, perPiece, whole);
    if (tail < blocks) add(tail, blocks - tail, 1);
  }
}

/** Blocks are several whole pieces each: the same piece of all blocks has one coefficient. */
function addAcross(v: Vectors, out: Uint32Array, { address, outer, inner }: CellPart, weights: Uint32Array): void {
  const perBlock = inner.length / out.length;
  const first = (EXT * address) / out.length;
  if (!Number.isInteger(first)) throw new RangeError(`address ${address} is within a piece`);
  const coefficients = v.alloc(EXT * perBlock);
  for (const { k, values } of outer) {
    const factors = v.alloc(values.length);
    v.addScaled(factors, values, k);
    const at = EXT * first;
    v.addRows(coefficients, weights.subarray(at, at + (values.length / EXT) * coefficients.length), factors);
  }
  v.addRows(out, inner, coefficients);
}
