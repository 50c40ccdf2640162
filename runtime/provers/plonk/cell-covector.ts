// The functional over all committed cells: for the prover written out, for the verifier combined over columns.
import { blocksOf, type Factor, type PulledBack, type Term } from '../../../compiler/ir/interpret/plan.ts';
import type { Shape } from '../../../compiler/ir/tensor.ts';
import { denseFactors, liesIn } from './dense-factors.ts';
import { EXT, mul, ONE } from './field.ts';
import { elementAt } from './opening-rounds.ts';
import { addressOf, type Protocol } from './protocol.ts';
import type { Vectors } from './vectors.ts';

/** A covector over the cells at an address: outer[b] inner[i] at cell b 2^bits + i (K-vectors). */
interface CellPart {
  readonly address: number;
  readonly outer: Uint32Array;
  readonly inner: Uint32Array;
}

/** Terms with the same factors within a block: their factors over the blocks add up. */
interface Bundle {
  readonly within: readonly Factor[];
  outer: Uint32Array;
}

/** Parts of what claims pulled back to columns. A term that ties axes of blocks and cells is one part of a single block. */
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
      parts.push({ address, outer: one(v), inner: denseFactors(v, shape, [...outer, ...inner], factors, k) });
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

/** The sum over columns of weight times the covector's column (K-vector of 2^logRows); weights is a K-vector by column. */
export function combinedCells(
  v: Vectors,
  { logRows }: Protocol,
  parts: readonly CellPart[],
  weights: Uint32Array,
): Uint32Array {
  const rows = 2 ** logRows;
  const out = v.alloc(EXT * rows);
  for (const { address, outer, inner } of parts) {
    const block = inner.length / EXT;
    const mark = v.mark();
    if (rows % block !== 0 || address % block !== 0) addRuns(v, out, rows, { address, outer, inner }, weights);
    else {
      // Blocks lie within columns: those at the same place of several columns are joined first.
      const places = v.alloc((EXT * rows) / block);
      let at = address / block;
      for (let b = 0; b < outer.length / EXT; ) {
        const [column, place] = [Math.floor((at * block) / rows), at % (rows / block)];
        const count = Math.min(outer.length / EXT - b, rows / block - place);
        v.addScaled(
          places.subarray(EXT * place, EXT * (place + count)),
          outer.subarray(EXT * b, EXT * (b + count)),
          elementAt(weights, column),
        );
        b += count;
        at += count;
      }
      v.addOuter(out, places, inner);
    }
    v.release(mark);
  }
  return out;
}

/** Block by block, in runs that end with a column. */
function addRuns(
  v: Vectors,
  out: Uint32Array,
  rows: number,
  { address, outer, inner }: CellPart,
  weights: Uint32Array,
): void {
  const block = inner.length / EXT;
  for (let b = 0, at = address; b < outer.length / EXT; b++) {
    const k = elementAt(outer, b);
    for (let i = 0; i < block; ) {
      const [column, row] = [Math.floor(at / rows), at % rows];
      const count = Math.min(block - i, rows - row);
      v.addScaled(
        out.subarray(EXT * row, EXT * (row + count)),
        inner.subarray(EXT * i, EXT * (i + count)),
        mul(k, elementAt(weights, column)),
      );
      i += count;
      at += count;
    }
  }
}
