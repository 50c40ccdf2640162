// The functional over all committed cells: for the prover written out, for the verifier combined over columns.
import { blocksOf, type Factor, type PulledBack, type Term } from '../../../compiler/ir/interpret/plan.ts';
import type { Shape } from '../../../compiler/ir/tensor.ts';
import { denseFactors, liesIn } from './dense-factors.ts';
import { EXT, ONE } from './field.ts';
import { elementAt } from './opening-rounds.ts';
import { addressOf, type Protocol } from './protocol.ts';
import type { Vectors } from './vectors.ts';

/** A covector over the cells at an address: outer[b] inner[i] at cell b 2^bits + i (K-vectors); the address starts a block. */
export interface CellPart {
  readonly address: number;
  readonly outer: Uint32Array;
  readonly inner: Uint32Array;
}

/** Terms with the same factors within a block: their factors over the blocks add up. */
interface Bundle {
  readonly within: readonly Factor[];
  outer: Uint32Array;
}

/** Parts of what claims pulled back to columns. A term that ties axes of blocks and cells has blocks of one cell. */
export function cellParts(v: Vectors, protocol: Protocol, pulled: readonly PulledBack[]): CellPart[] {
  const parts: CellPart[] = [];
  for (const [column, { wire }] of protocol.plan.columns.entries()) {
    const terms = pulled.flatMap((p) => p.columns[column]!);
    if (terms.length > 0)
      parts.push(...columnParts(v, protocol.plan.shapes[wire]!, addressOf(protocol, column), terms));
  }
  return parts;
}

function columnParts(v: Vectors, shape: Shape, address: number, terms: readonly Term[]): CellPart[] {
  const { outer, inner } = blocksOf(shape);
  const bundles: Bundle[] = [];
  const parts: CellPart[] = [];
  for (const { k, factors } of terms) {
    if (!factors.every((f) => liesIn(f, outer) || liesIn(f, inner))) {
      parts.push({ address, outer: denseFactors(v, shape, [...outer, ...inner], factors, k), inner: one(v) });
      continue;
    }
    const within = factors.filter((f) => liesIn(f, inner));
    const across = factors.filter((f) => liesIn(f, outer));
    const blocks = denseFactors(v, shape, outer, across, k);
    const found = bundles.find((b) => sameFactors(b.within, within));
    if (found === undefined) bundles.push({ within, outer: blocks });
    else v.addScaled(found.outer, blocks, ONE);
  }
  for (const b of bundles) parts.push({ address, outer: b.outer, inner: denseFactors(v, shape, inner, b.within, ONE) });
  return parts;
}

const sameFactors = (a: readonly Factor[], b: readonly Factor[]): boolean =>
  a.length === b.length && a.every((f, i) => f.values === b[i]!.values && f.axes.join() === b[i]!.axes.join());

function one(v: Vectors): Uint32Array {
  const out = v.alloc(EXT);
  out[0] = 1;
  return out;
}

/** The covector over all columns of 2^logRows cells (K-vector). */
export function denseCells(v: Vectors, protocol: Protocol, parts: readonly CellPart[]): Uint32Array {
  const { adviceColumns, weightColumns, logRows } = protocol;
  const cells = v.alloc(EXT * (adviceColumns + weightColumns) * 2 ** logRows);
  for (const { address, outer, inner } of parts)
    v.addOuter(cells.subarray(EXT * address, EXT * address + (outer.length * inner.length) / EXT), outer, inner);
  return cells;
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
  for (const part of parts) {
    const mark = v.mark();
    if (part.inner.length <= out.length) addWithin(v, out, part, weights);
    else addAcross(v, out, part, weights);
    v.release(mark);
  }
  return out;
}

/** Blocks lie within pieces: those at the same place of several pieces are joined before they are written out. */
function addWithin(v: Vectors, out: Uint32Array, { address, outer, inner }: CellPart, weights: Uint32Array): void {
  const [blocks, perPiece] = [outer.length / EXT, out.length / inner.length];
  const first = address / (inner.length / EXT);
  if (!Number.isInteger(first)) throw new RangeError(`address ${address} is within a block`);
  // Places of a piece that the part touches: a range, or all of them.
  const isWithinOne = (first % perPiece) + blocks <= perPiece;
  const start = isWithinOne ? first % perPiece : 0;
  const places = v.alloc(EXT * (isWithinOne ? blocks : perPiece));
  for (let b = 0; b < blocks; ) {
    const [piece, place] = [Math.floor((first + b) / perPiece), (first + b) % perPiece];
    const count = Math.min(blocks - b, perPiece - place);
    const at = EXT * (place - start);
    v.addScaled(
      places.subarray(at, at + EXT * count),
      outer.subarray(EXT * b, EXT * (b + count)),
      elementAt(weights, piece),
    );
    b += count;
  }
  const from = start * inner.length;
  v.addOuter(out.subarray(from, from + (places.length / EXT) * inner.length), places, inner);
}

/** Blocks are several whole pieces each: the same piece of all blocks has one coefficient. */
function addAcross(v: Vectors, out: Uint32Array, { address, outer, inner }: CellPart, weights: Uint32Array): void {
  const perBlock = inner.length / out.length;
  const first = (EXT * address) / out.length;
  if (!Number.isInteger(first)) throw new RangeError(`address ${address} is within a piece`);
  const coefficients = v.alloc(EXT * perBlock);
  for (let b = 0; b < outer.length / EXT; b++) {
    const at = EXT * (first + b * perBlock);
    v.addScaled(coefficients, weights.subarray(at, at + coefficients.length), elementAt(outer, b));
  }
  for (let j = 0; j < perBlock; j++)
    v.addScaled(out, inner.subarray(j * out.length, (j + 1) * out.length), elementAt(coefficients, j));
}
