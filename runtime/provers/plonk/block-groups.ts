// A functional over all cells in groups of blocks: those with the same vector within blocks are one sum of products.
import { blocksOf, type PulledBack } from '../../../compiler/ir/interpret/plan.ts';
import { sizeOf } from '../../../compiler/ir/tensor.ts';
import { addCells, type CellPart, type ColumnParts, columnParts, combinedCells } from './cell-covector.ts';
import { EXT, type Ext, mul, ONE } from './field.ts';
import { addressOf, granuleBits, type Protocol } from './protocol.ts';
import type { Vectors } from './vectors.ts';

/**
 * <inner, sum_b outer[b] (block b)>, over blocks of 2^bits cells each. Blocks of several columns belong together if the
 * vectors within them are equal, element by element.
 */
export interface BlocksGroup {
  readonly kind: 'blocks';
  readonly bits: number;
  /** K-vector of 2^bits elements, not to be changed. */
  readonly inner: Uint32Array;
  readonly places: readonly Pick<CellPart, 'address' | 'outer'>[];
}

/** Cells from an address on as one block of 2^bits cells, zero behind them: columns of small blocks, or terms that tie axes. */
export interface RegionGroup {
  readonly kind: 'region';
  readonly bits: number;
  readonly start: number;
  /** A multiple of a granule. */
  readonly cells: number;
  /** At addresses from `start` on. */
  readonly parts: readonly CellPart[];
}

export type BlockGroup = BlocksGroup | RegionGroup;

/** Cells of a region evaluated together by the verifier: 2^10. */
const MOST_PIECE_BITS = 10;

/**
 * The functional of what claims pulled back: blocks as they come up, column after column; then for each group of columns those
 * whose blocks are smaller than a granule, as they lie at the end of their group; then column by column the terms that tie axes
 * of blocks and cells.
 */
export function blockGroups(v: Vectors, protocol: Protocol, pulled: readonly PulledBack[]): readonly BlockGroup[] {
  const { columns, shapes } = protocol.plan;
  const granule = 2 ** granuleBits(protocol);
  const partsOf: ColumnParts = columnParts(v, protocol, pulled);
  const blocks = createBlocks();
  const small = new Map<string, { start: number; end: number; parts: CellPart[] }>();
  const tied: RegionGroup[] = [];
  for (const [column, { wire, group }] of columns.entries()) {
    const shape = shapes[wire]!;
    const cells = sizeOf(shape);
    const start = addressOf(protocol, column);
    const parts = partsOf(column);
    if (2 ** blocksOf(shape).bits < granule) {
      const region = small.get(group) ?? { start, end: start, parts: [] };
      region.end = Math.max(region.end, start + cells);
      region.parts.push(...parts);
      small.set(group, region);
      continue;
    }
    const loose = parts.filter((part) => part.inner.length === EXT);
    for (const part of parts) if (part.inner.length > EXT) blocks.add(part);
    if (loose.length > 0) tied.push(regionOf(start, start + cells, granule, loose));
  }
  const regions = [...small.values()].filter(({ parts }) => parts.length > 0);
  return [...blocks.groups(), ...regions.map((r) => regionOf(r.start, r.end, granule, r.parts)), ...tied];
}

function regionOf(from: number, to: number, granule: number, parts: readonly CellPart[]): RegionGroup {
  const start = Math.floor(from / granule) * granule;
  const cells = Math.ceil((to - start) / granule) * granule;
  const relative = parts.map((part) => ({ ...part, address: part.address - start }));
  return { kind: 'region', bits: Math.ceil(Math.log2(cells)), start, cells, parts: relative };
}

/** Collects blocks by the vectors within them. */
function createBlocks(): { readonly add: (part: CellPart) => void; readonly groups: () => readonly BlocksGroup[] } {
  const groups: { readonly inner: Uint32Array; readonly places: CellPart[] }[] = [];
  const groupOf = new Map<Uint32Array, CellPart[]>();
  return {
    add(part) {
      let places = groupOf.get(part.inner) ?? groups.find(({ inner }) => isEqual(inner, part.inner))?.places;
      if (places === undefined) {
        places = [];
        groups.push({ inner: part.inner, places });
      }
      groupOf.set(part.inner, places);
      places.push(part);
    },
    groups: () =>
      groups.map(({ inner, places }) => ({ kind: 'blocks', bits: Math.log2(inner.length / EXT), inner, places })),
  };
}

function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A group's covector within its one block, or within each (K-vector of 2^bits elements that is the caller's). */
export function writtenOut(v: Vectors, group: BlockGroup): Uint32Array {
  const out = v.alloc(EXT * 2 ** group.bits);
  if (group.kind === 'blocks') v.addScaled(out, group.inner, ONE);
  else addCells(v, out, group.parts);
  return out;
}

/** The multilinear extension of {@link writtenOut} at a point of as many coordinates. */
export function evaluatedAt(v: Vectors, group: BlockGroup, point: readonly Ext[]): Ext {
  if (group.kind === 'blocks') return v.dot(group.inner, v.eq(point, ONE));
  const logPiece = Math.min(group.bits, MOST_PIECE_BITS);
  const upper = point.length - logPiece;
  const combined = combinedCells(v, group.parts, v.eq(point.slice(0, upper), ONE), logPiece);
  return v.dot(combined, v.eq(point.slice(upper), ONE));
}

/**
 * What is left of groups at a point within blocks: the sum over groups of factor, times vectors over blocks, times eq of the
 * point's last coordinates. Without the last `dropped` bits of the address, at most a granule's, if they are not zero.
 */
export function partsAt(
  v: Vectors,
  groups: readonly BlockGroup[],
  point: readonly Ext[],
  factors: readonly Ext[],
  granule: number,
  dropped: number,
): CellPart[] {
  const known = new Map<number, Uint32Array>();
  const within = (bits: number): Uint32Array => {
    const have = known.get(bits) ?? v.eq(point.slice(point.length - bits, point.length - dropped), ONE);
    known.set(bits, have);
    return have;
  };
  const size = 2 ** dropped;
  return groups.flatMap((group, i): CellPart[] => {
    const factor = factors[i]!;
    if (group.kind === 'blocks') {
      const inner = within(group.bits);
      return group.places.map(({ address, outer }) => ({
        address: address / size,
        outer: scaled(outer, factor),
        inner,
      }));
    }
    // As blocks of one granule, so that all regions have the same vector within.
    const upper = v.eq(point.slice(point.length - group.bits, point.length - granule), factor);
    const values = upper.subarray(0, (EXT * group.cells) / 2 ** granule);
    return [{ address: group.start / size, outer: [{ k: ONE, values }], inner: within(granule) }];
  });
}

const scaled = (outer: CellPart['outer'], by: Ext): CellPart['outer'] =>
  outer.map(({ k, values }) => ({ k: mul(k, by), values }));
