// Emits the Reed-Solomon encoder: Fourier transforms of many columns side by side, by splitting polynomials.
//
// A polynomial modulo X^n - s^2 gives two modulo X^(n/2) - s and X^(n/2) + s: one factor s per block, the same for all its
// rows and columns. Block m of a level with 2^t blocks has s = w^reverse(m), w of order 2^(t+1) and m's t bits reversed: the
// same number for every t, so that one table of factors by m serves all lengths, and the blocks of a level with 2^k blocks
// are the cosets of a code that is 2^k times longer than the message.
// Coefficients are multiplied by 3^i on loading, which moves all points by the factor 3. A panel is up to 16 columns, row
// by row, so that a row is one cache line. Addresses and strides are in bytes.
import { i32, type Local, type ModuleBuilder, type Value } from '../../wasm/emitter.ts';
import { i32x4, v128 } from '../../wasm/simd.ts';
import { defineWritten, type Writer } from '../../wasm/writer.ts';
import { mulP, NON_RESIDUE, powP } from '../field.ts';
import { type FieldCode, fieldCode, RADIX, type ShoupFactor, shoupFactor, type Vector } from './field-code.ts';
import { transpose } from './transpose-code.ts';

type Address = Value<'i32'>;

/** Where the factors and their Shoup quotients stand in memory. */
export interface FactorTable {
  readonly factors: number;
  readonly quotients: number;
}

/** Defines the encoder's functions in a module. */
export function defineEncoder(module: ModuleBuilder, table: FactorTable): void {
  defineTable(module, table);
  defineLoading(module);
  defineHalving(module, table);
  defineQuartering(module, table);
  defineFinish(module, table);
}

/** `extendFactors` (count, root): the second `count` factors (a multiple of four) are the first times the root in Montgomery form. */
function defineTable(module: ModuleBuilder, table: FactorTable): void {
  defineWritten(module, 'extendFactors', 2, (w, count, root) => {
    const code = fieldCode(w);
    const by = w.let(i32x4.splat(root!));
    const bytes = w.let(i32.shl(count!, i32.const(2)));
    const at = w.variable(i32.const(0));
    w.range(at, bytes, 16, () => {
      const factor = code.montgomery(v128.load(at.get, table.factors), by);
      const to = w.let(i32.add(at.get, bytes));
      w.emit(v128.store(to, factor, table.factors));
      w.emit(v128.store(to, code.shoupQuotients(factor), table.quotients));
    });
  });
}

/**
 * `loadPanel` (panel, row bytes, columns, bytes of a column, groups, last column's offset): panel[i][c] = 3^i columns[c][i];
 * a group is four columns, the last ones are repeated where there are fewer.
 */
function defineLoading(module: ModuleBuilder): void {
  const powers = (start: number): readonly [number, number, number, number] => [
    start,
    mulP(start, 3),
    mulP(start, 9),
    mulP(start, 27),
  ];
  defineWritten(module, 'loadPanel', 6, (w, panel, rowBytes, columns, columnBytes, groups, lastColumn) => {
    const code = fieldCode(w);
    // 3^i and 3^i 2^32: the quotient follows from the latter.
    const factor = w.variable(v128.const(...powers(1)));
    const scaled = w.variable(v128.const(...powers(RADIX)));
    const step = shoupFactor(powP(NON_RESIDUE, 4));
    const end = w.let(i32.shl(groups!, i32.const(4)));
    const at = w.variable(i32.const(0));
    const row = w.variable(panel!);
    w.range(at, columnBytes!, 16, () => {
      const by = { factor: factor.get, quotient: w.let(code.quotientOf(scaled.get)) };
      const group = w.variable(i32.const(0));
      const column = w.variable(i32.const(0));
      w.range(group, end, 16, () => {
        const loaded = [0, 1, 2, 3].map(() => {
          const vector = code.shoup(w.let(v128.load(i32.add(i32.add(columns!, column.get), at.get))), by);
          // Stay at the last column once it is reached.
          w.when(i32.ne(column.get, lastColumn!), () => w.emit(column.set(i32.add(column.get, columnBytes!))));
          return vector;
        });
        const to = w.variable(i32.add(row.get, group.get));
        for (const vector of transpose(w, loaded)) {
          w.emit(v128.store(to.get, vector));
          w.emit(to.set(i32.add(to.get, rowBytes!)));
        }
      });
      w.emit(row.set(i32.add(row.get, i32.shl(rowBytes!, i32.const(2)))));
      w.emit(factor.set(code.shoup(factor.get, step)));
      w.emit(scaled.set(code.shoup(scaled.get, step)));
    });
  });
}

/** Factor number `index` of the table, in all lanes. */
function factorAt(w: Writer, table: FactorTable, index: Address, add = 0): ShoupFactor {
  const at = w.let(i32.shl(index, i32.const(2)));
  return {
    factor: w.let(v128.load32Splat(at, table.factors + 4 * add)),
    quotient: w.let(v128.load32Splat(at, table.quotients + 4 * add)),
  };
}

/** `halve` (from, to, index of the factor, bytes of half a block): splits one block. */
function defineHalving(module: ModuleBuilder, table: FactorTable): void {
  defineWritten(module, 'halve', 4, (w, from, to, index, bytes) => {
    const code = fieldCode(w);
    const by = factorAt(w, table, index!);
    const at = w.variable(i32.const(0));
    w.range(at, bytes!, 16, () => {
      const [source, target] = [w.let(i32.add(from!, at.get)), w.let(i32.add(to!, at.get))];
      const a = w.let(v128.load(source));
      const t = code.shoup(w.let(v128.load(i32.add(source, bytes!))), by);
      w.emit(v128.store(target, code.add(a, t)));
      w.emit(v128.store(i32.add(target, bytes!), code.sub(a, t)));
    });
  });
}

interface QuarterFactors {
  readonly whole: ShoupFactor;
  readonly lower: ShoupFactor;
  readonly upper: ShoupFactor;
}

function quarterFactors(w: Writer, table: FactorTable, index: Address): QuarterFactors {
  const children = w.let(i32.shl(index, i32.const(1)));
  return {
    whole: factorAt(w, table, index),
    lower: factorAt(w, table, children),
    upper: factorAt(w, table, children, 1),
  };
}

/** Splits a block into four: two levels at once, on one vector of each quarter. */
function quarter(code: FieldCode, rows: readonly Vector[], { whole, lower, upper }: QuarterFactors): readonly Vector[] {
  const { w } = code;
  const [a, b, c, d] = rows;
  const [t, u] = [code.shoup(c!, whole), code.shoup(d!, whole)];
  const [a1, c1] = [code.add(a!, t), code.sub(a!, t)];
  // Shoup's product takes operands that are not canonical.
  const b1 = code.shoup(w.let(i32x4.add(b!, u)), lower);
  const d1 = code.shoup(w.let(i32x4.sub(i32x4.add(b!, code.p), u)), upper);
  return [code.add(a1, b1), code.sub(a1, b1), code.add(c1, d1), code.sub(c1, d1)];
}

/** `quarter` (from, to, index of the first factor, blocks, bytes of a quarter): splits all blocks of a level. */
function defineQuartering(module: ModuleBuilder, table: FactorTable): void {
  defineWritten(module, 'quarter', 5, (w, from, to, first, blocks, bytes) => {
    const code = fieldCode(w);
    const block = w.variable(first!);
    const at = w.variable(i32.const(0));
    const end = w.let(i32.add(first!, blocks!));
    w.range(block, end, 1, () => {
      const factors = quarterFactors(w, table, block.get);
      const stop = w.let(i32.add(at.get, bytes!));
      w.range(at, stop, 16, () => {
        const [sources, targets] = [from!, to!].map((base) => places(w, w.let(i32.add(base, at.get)), bytes!));
        const rows = sources!.map((place) => w.let(v128.load(place)));
        quarter(code, rows, factors).forEach((row, i) => {
          w.emit(v128.store(targets![i]!, row));
        });
      });
      w.emit(at.set(i32.add(at.get, i32.mul(bytes!, i32.const(3)))));
    });
  });
}

/** Four addresses with equal distances. */
function places(w: Writer, first: Address, distance: Address): readonly Address[] {
  const out = [first];
  for (let i = 1; i < 4; i++) out.push(w.let(i32.add(out[i - 1]!, distance)));
  return out;
}

/**
 * `finish` (from, row bytes, first index, log of blocks, out, bytes between a block's results, bytes between blocks, whole
 * vectors in bytes, rest): splits all blocks of four rows and writes the rows in natural order, `rest` (0 to 3) words after
 * the whole vectors.
 */
function defineFinish(module: ModuleBuilder, table: FactorTable): void {
  defineWritten(module, 'finish', 9, (w, from, rowBytes, first, log, out, between, step, whole, rest) => {
    const code = fieldCode(w);
    const position = w.variable(i32.const(0));
    const target = w.variable(out!);
    const end = w.let(i32.shl(i32.const(1), log!));
    const shift = w.let(i32.sub(i32.const(32), log!));
    w.range(position, end, 1, () => {
      const block = w.let(i32.shrU(reversedBits(w, position.get), shift));
      const factors = quarterFactors(w, table, w.let(i32.add(first!, block)));
      const source = w.let(i32.add(from!, i32.shl(i32.mul(block, rowBytes!), i32.const(2))));
      // Results of a block are the positions with two more bits on top, in bit-reversed order.
      const [t0, t1, t2, t3] = places(w, target.get, between!);
      const targets = [t0!, t2!, t1!, t3!];
      const at = w.variable(i32.const(0));
      const rows = (): readonly Vector[] => {
        const loaded = places(w, w.let(i32.add(source, at.get)), rowBytes!).map((place) => w.let(v128.load(place)));
        return quarter(code, loaded, factors);
      };
      w.range(at, whole!, 16, () => {
        rows().forEach((row, i) => {
          w.emit(v128.store(i32.add(targets[i]!, at.get), row));
        });
      });
      w.when(rest!, () => storeRest(w, rows(), targets, at, rest!));
      w.emit(target.set(i32.add(target.get, step!)));
    });
  });
}

/** Stores the first one to three words of each vector. */
function storeRest(
  w: Writer,
  rows: readonly Vector[],
  targets: readonly Address[],
  at: Local<'i32'>,
  rest: Address,
): void {
  rows.forEach((row, i) => {
    const to = w.let(i32.add(targets[i]!, at.get));
    for (let lane = 0; lane < 3; lane++)
      w.when(i32.ltU(i32.const(lane), rest), () => w.emit(i32.store(to, i32x4.extract(row, lane), 4 * lane)));
  });
}

/** The 32 bits in opposite order: halves, quarters, ..., neighbours change places. */
function reversedBits(w: Writer, word: Address): Address {
  let x = w.let(i32.rotl(word, i32.const(16)));
  for (const [bits, mask] of [
    [8, 0x00ff00ff],
    [4, 0x0f0f0f0f],
    [2, 0x33333333],
    [1, 0x55555555],
  ] as const) {
    const [distance, keep] = [i32.const(bits), i32.const(mask)];
    x = w.let(i32.or(i32.and(i32.shrU(x, distance), keep), i32.shl(i32.and(x, keep), distance)));
  }
  return x;
}
