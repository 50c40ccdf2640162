// The twin's opening: Merkle paths, Reed-Solomon codewords by evaluation, and the rounds that bind the columns' index.
import { blake3 } from '@noble/hashes/blake3.js';
import {
  add,
  bind,
  bitsFor,
  codePoint,
  dot,
  dotBase,
  type Element,
  equal,
  eqVector,
  evaluate,
  multiply,
  powers,
  quadratic,
  scale,
  subtract,
  ZERO,
} from './field.ts';
import { HASH, join, littleEndian, type Reader, require } from './transcript.ts';

/** A code and how many of its positions are opened. */
export interface TwinCode {
  readonly logMessage: number;
  readonly logCode: number;
  readonly queries: number;
}

export interface TwinOpening {
  readonly code: TwinCode;
  readonly tail?: TwinCode | undefined;
  readonly powBits: number;
}

/** A committed matrix: codewords of `columns` messages. */
export interface TwinTree {
  readonly kind: string;
  readonly columns: number;
  readonly root: Uint8Array;
}

/** Rounds of a product sumcheck without dummies: the claim that is left and the point. */
export function productRounds(
  reader: Reader,
  label: string,
  rounds: number,
  start: Element,
): { readonly claim: Element; readonly point: readonly Element[] } {
  let claim = start;
  const point: Element[] = [];
  for (let i = 0; i < rounds; i++) {
    const [s0, leading] = reader.elements(`${label}.round`, 2);
    const z = reader.challenge(`${label}.point`);
    claim = quadratic(s0!, subtract(claim, s0!), leading!, z);
    point.push(z);
  }
  return { claim, point };
}

/** Key of every hash of a tree, exclusive or with the level and the index of a hash. */
function treeKeys(kind: string, width: number, rows: number): (level: number, index: number) => Uint8Array {
  const name = new TextEncoder().encode(kind);
  const title = new TextEncoder().encode('zkmlc merkle tree v1');
  const own = blake3(join(title, littleEndian(name.length, 4), littleEndian(width, 4), littleEndian(rows, 4), name));
  const mask = new Uint8Array(24);
  return (level, index) => join(mask, littleEndian(level, 4), littleEndian(index, 4)).map((byte, i) => byte ^ own[i]!);
}

/** Rows of one tree at ascending positions, with the hashes beside them. */
function openTree(
  reader: Reader,
  label: string,
  tree: TwinTree,
  rows: number,
  positions: readonly number[],
): bigint[][] {
  const keyOf = treeKeys(tree.kind, tree.columns, rows);
  const words = reader.words(`${label}.rows`, tree.columns * positions.length);
  const opened = positions.map((_, i) => words.slice(i * tree.columns, (i + 1) * tree.columns));
  // Which hashes must come with the proof follows from the positions: level 0 has the rows' hashes.
  const absent: (readonly number[])[] = [];
  for (let width = rows, here = [...positions]; width > 1; width /= 2) {
    absent.push([...new Set(here.map((i) => i ^ 1))].filter((i) => !here.includes(i)).sort((a, b) => a - b));
    here = [...new Set(here.map((i) => i >>> 1))];
  }
  const path = reader.hashes(`${label}.path`, absent.flat().length);
  let next = 0;
  let hashes = new Map<number, Uint8Array>(
    positions.map((position, i) => [
      position,
      blake3(join(...opened[i]!.map((word) => littleEndian(word, 4))), { key: keyOf(0, position) }),
    ]),
  );
  for (const [below, indices] of absent.entries()) {
    for (const i of indices) hashes.set(i, path.slice(HASH * next, HASH * ++next));
    const above = new Map<number, Uint8Array>();
    for (const parent of new Set([...hashes.keys()].map((i) => i >>> 1))) {
      const children = join(hashes.get(2 * parent)!, hashes.get(2 * parent + 1)!);
      above.set(parent, blake3(children, { key: keyOf(below + 1, parent) }));
    }
    hashes = above;
  }
  const top = hashes.get(0)!;
  require(top.every(
    (byte, i) => byte === tree.root[i],
  ), `${label}: a path does not lead to the root of the ${tree.kind}`);
  return opened;
}

/** Work, then positions, then the rows of all trees beside each other. */
function openPositions(
  reader: Reader,
  label: string,
  { logCode, queries }: TwinCode,
  powBits: number,
  trees: readonly TwinTree[],
): { readonly positions: readonly number[]; readonly rows: readonly (readonly bigint[])[] } {
  reader.pow(`${label}.pow`, powBits);
  const positions = reader.positions(`${label}.positions`, 2 ** logCode, queries);
  const opened = trees.map((tree) => openTree(reader, label, tree, 2 ** logCode, positions));
  return { positions, rows: positions.map((_, i) => opened.flatMap((rows) => rows[i]!)) };
}

/** A message in clear with the claimed value under a covector. */
function readRow(reader: Reader, label: string, covector: readonly Element[], claim: Element): Element[] {
  const row = reader.elements(label, covector.length);
  require(equal(dot(covector, row), claim), `${label}: its value is not the claimed one`);
  return row;
}

function checkCodeword(
  label: string,
  { logCode }: TwinCode,
  message: readonly Element[],
  positions: readonly number[],
  values: readonly Element[],
): void {
  for (const [i, position] of positions.entries())
    require(equal(
      evaluate(message, codePoint(logCode, position)),
      values[i]!,
    ), `${label}: position ${position} of the codeword`);
}

/**
 * Checks <covector, cells> = target, the cells of all trees one after the other.
 * @param covector an element per cell: address = column * 2^logMessage + row; shorter than all cells is zero beyond
 */
export function verifyOpening(
  reader: Reader,
  { code, tail, powBits }: TwinOpening,
  trees: readonly TwinTree[],
  covector: readonly Element[],
  target: Element,
): void {
  const bits = bitsFor(trees.reduce((n, tree) => n + tree.columns, 0));
  const length = 2 ** (bits + code.logMessage);
  let folded: readonly Element[] = Array.from({ length }, (_, i) => covector[i] ?? ZERO);
  const columns = productRounds(reader, 'opening.columns', bits, target);
  for (const z of columns.point) folded = bind(folded, z);
  const weights = eqVector(columns.point);
  const combine = (rows: readonly (readonly bigint[])[]): Element[] =>
    rows.map((row) => dotBase(weights.slice(0, row.length), row));

  if (tail === undefined) {
    const row = readRow(reader, 'opening.row', folded, columns.claim);
    const { positions, rows } = openPositions(reader, 'opening', code, powBits, trees);
    checkCodeword('opening.row', code, row, positions, combine(rows));
    return;
  }
  const root = reader.hashes('opening.tail.root', 1);
  const { positions, rows } = openPositions(reader, 'opening', code, powBits, trees);
  const values = combine(rows);
  const delta = powers(reader.challenge('opening.delta'), positions.length + 1).slice(1);
  const joint = [...folded];
  let claim = columns.claim;
  for (const [q, position] of positions.entries()) {
    claim = add(claim, multiply(delta[q]!, values[q]!));
    const x = codePoint(code.logCode, position);
    let term = delta[q]!;
    for (let i = 0; i < joint.length; i++, term = scale(term, x)) joint[i] = add(joint[i]!, term);
  }
  const rounds = code.logMessage - tail.logMessage;
  const last = productRounds(reader, 'opening.tail', rounds, claim);
  let short: readonly Element[] = joint;
  for (const z of last.point) short = bind(short, z);
  const row = readRow(reader, 'opening.tail.row', short, last.claim);
  const own: TwinTree = { kind: 'tail', columns: 4 * 2 ** rounds, root };
  const opened = openPositions(reader, 'opening.tail', tail, powBits, [own]);
  const blocks = eqVector(last.point);
  const combined = opened.rows.map((words) =>
    dot(
      blocks,
      blocks.map((_, b): Element => [words[4 * b]!, words[4 * b + 1]!, words[4 * b + 2]!, words[4 * b + 3]!]),
    ),
  );
  checkCodeword('opening.tail.row', tail, row, opened.positions, combined);
}
