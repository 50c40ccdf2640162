// Opening of a linear functional: honest proofs accepted, every changed byte refused, provers that lie in one place refused there.
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Code, type Commitment, commit, type Root } from '../../runtime/provers/plonk/commitment.ts';
import { add, EXT, type Ext, ONE, P, sub, ZERO } from '../../runtime/provers/plonk/field.ts';
import { openFunctional, verifyFunctional } from '../../runtime/provers/plonk/opening.ts';
import { elementAt, type OpeningParameters } from '../../runtime/provers/plonk/opening-rounds.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { proofOfWork } from '../../runtime/provers/plonk/proof-of-work.ts';
import { openRow } from '../../runtime/provers/plonk/row-opening.ts';
import { type ProverChannel, proverChannel, verifierChannel } from '../../runtime/provers/plonk/transcript.ts';
import { createRandom } from '../kits/random.ts';
import {
  type BigExt,
  bigAdd,
  bigElements,
  bigMul,
  bigOf,
  bigScale,
  bigSum,
  mod,
  power,
  randomWords,
} from './reference.ts';

const v = plainVectors();
const random = createRandom(33);

const clear: OpeningParameters = { code: { logMessage: 3, logCode: 5, queries: 12 }, powBits: 3 };
const tail: OpeningParameters = {
  code: { logMessage: 4, logCode: 6, queries: 12 },
  tail: { logMessage: 2, logCode: 5, queries: 8 },
  powBits: 3,
};
const forms: readonly (readonly [string, OpeningParameters])[] = [
  ['row in clear', clear],
  ['tail', tail],
];

/** Two commitments with so many columns, a covector over all their cells, and its value. */
interface Instance {
  readonly parameters: OpeningParameters;
  readonly commitments: readonly Commitment[];
  readonly roots: readonly Root[];
  readonly covector: Uint32Array;
  readonly target: Ext;
}

function owned(words: Uint32Array): Uint32Array {
  const out = v.alloc(words.length);
  out.set(words);
  return out;
}

function committed(kind: string, columns: number, code: Code): readonly [Commitment, Root] {
  const made = commit(v, kind, owned(randomWords(random, columns * 2 ** code.logMessage)), code);
  return [made, { kind, columns, root: made.root }];
}

function instance(parameters: OpeningParameters, columns: readonly number[] = [3, 2]): Instance {
  const pairs = columns.map((count, i) => committed(['advice', 'weights', 'more'][i]!, count, parameters.code));
  const total = columns.reduce((a, b) => a + b, 0);
  const covector = owned(randomWords(random, EXT * total * 2 ** parameters.code.logMessage));
  const cells = pairs.flatMap(([{ columns: words }]) => [...words].map(BigInt));
  const value = bigSum(bigElements(covector).map((a, i) => bigScale(a, cells[i] ?? 0n)));
  const target: Ext = [Number(value[0]), Number(value[1]), Number(value[2]), Number(value[3])];
  return { parameters, commitments: pairs.map(([c]) => c), roots: pairs.map(([, r]) => r), covector, target };
}

/** Both sides absorb the roots before they draw anything, as a protocol does. */
function prove(
  { parameters, commitments, covector }: Instance,
  channel: ProverChannel = proverChannel('test'),
  open: typeof openFunctional = openFunctional,
): Uint8Array {
  for (const { root } of commitments) channel.absorb('root', root);
  channel.chain(1);
  // Granules of one cell: any covector. It is used up by the prover, which wants a power of two of columns.
  const columns = commitments.reduce((sum, { tree }) => sum + tree.shape.width, 0);
  const missing = 2 ** Math.ceil(Math.log2(columns)) - columns;
  const granules = v.alloc(covector.length + missing * EXT * 2 ** parameters.code.logMessage);
  granules.set(covector);
  open(v, channel, parameters, commitments, { granules, inner: Uint32Array.from(ONE) });
  return channel.proof();
}

/** The covector's pieces of 2^logPiece cells combined by weights. */
function combined(covector: Uint32Array, weights: Uint32Array, logPiece: number): Uint32Array {
  const words = EXT * 2 ** logPiece;
  const out = v.alloc(words);
  for (let c = 0; c * words < covector.length; c++)
    v.addScaled(out, covector.subarray(c * words, (c + 1) * words), elementAt(weights, c));
  return out;
}

/** The reason of a refusal; undefined for a proof that is accepted. */
function refusal({ parameters, roots, covector, target }: Instance, proof: Uint8Array): string | undefined {
  const channel = verifierChannel('test', proof);
  for (const { root } of roots) channel.absorb('root', root);
  channel.chain(1);
  try {
    verifyFunctional(v, channel, parameters, roots, (...pieces) => combined(covector, ...pieces), target);
    channel.end();
    return undefined;
  } catch (error) {
    if (error instanceof Diagnostic && error.code === 'proof-refused') return error.message;
    throw error;
  }
}

/** A channel whose messages of one label are changed before they are sent; `seen` gets every challenge drawn. */
function lying(
  label: string,
  change: (words: Uint32Array) => Uint32Array,
  seen: (label: string, z: Ext) => void = () => {},
  positions: (label: string, drawn: readonly number[]) => void = () => {},
): ProverChannel {
  const inner = proverChannel('test');
  return {
    ...inner,
    sendWords: (name, words) => inner.sendWords(name, name === label ? change(words) : words),
    challenge(name) {
      const z = inner.challenge(name);
      seen(name, z);
      return z;
    },
    positions(name, domain, count) {
      const drawn = inner.positions(name, domain, count);
      positions(name, drawn);
      return drawn;
    },
  };
}

/** Another K-vector with the same value under the covector. */
function orthogonal(row: Uint32Array, covector: Uint32Array): Uint32Array {
  const out = row.slice();
  out.set(add(elementAt(row, 0), elementAt(covector, 1)), 0);
  out.set(sub(elementAt(row, 1), elementAt(covector, 0)), EXT);
  return out;
}

/** Folds the halves of a power of two of elements; those that are missing are zero. */
const bigFold = (xs: readonly BigExt[], z: Ext): BigExt[] => {
  let half = 1;
  while (2 * half < xs.length) half *= 2;
  return xs.slice(0, half).map((lo, i) => {
    const difference = bigAdd(xs[half + i] ?? bigOf(ZERO), bigScale(lo, -1n));
    return bigAdd(lo, bigMul(bigOf(z), difference));
  });
};

describe.each(forms)('%s', (_, parameters) => {
  test('honest openings of any number of trees and columns are accepted', () => {
    for (const columns of [[3, 2], [1], [2], [4], [1, 1], [5, 1, 2], [8]]) {
      const case_ = instance(parameters, columns);
      expect(refusal(case_, prove(case_))).toBe(undefined);
    }
  });

  test('a covector that is the same in all granules gives the proof of the one written out', () => {
    for (const columns of [[3, 2], [1], [2], [4], [2, 1], [5, 1, 2], [8], [9]])
      for (let bits = 0; bits <= parameters.code.logMessage; bits++) {
        const inner = owned(randomWords(random, EXT * 2 ** bits));
        const plain = instance(parameters, columns);
        const count = plain.covector.length / inner.length;
        const padded = 2 ** Math.ceil(Math.log2(columns.reduce((a, b) => a + b))) * 2 ** parameters.code.logMessage;
        const granules = v.alloc((EXT * padded) / 2 ** bits);
        granules.set(randomWords(random, EXT * count));
        const covector = v.alloc(plain.covector.length);
        v.addOuter(covector, granules.subarray(0, EXT * count), inner);
        const open: typeof openFunctional = (_v, channel, p, commitments) =>
          openFunctional(v, channel, p, commitments, { granules, inner });
        const proof = prove(plain, proverChannel('test'), open);
        expect(proof).toEqual(prove({ ...plain, covector }));
      }
  });

  test('the covector of a single cell opens that cell', () => {
    const case_ = instance(parameters, [2, 1]);
    const covector = v.alloc(case_.covector.length);
    const cell = 2 ** parameters.code.logMessage + 5;
    covector[EXT * cell] = 1;
    const target: Ext = [case_.commitments[0]!.columns[cell]!, 0, 0, 0];
    const single = { ...case_, covector, target };
    expect(refusal(single, prove(single))).toBe(undefined);
  });

  const honest = instance(parameters);
  const proof = prove(honest);

  test('every changed byte is refused', () => {
    for (let i = 0; i < proof.length; i++) {
      const mask = 1 + random.below(255);
      expect(refusal(honest, proof.with(i, proof[i]! ^ mask)), `byte ${i}`).not.toBe(undefined);
    }
  });

  test('every word that fits with the modulus added is refused', () => {
    let tried = 0;
    for (let i = 0; i + 4 <= proof.length; i += 4) {
      const changed = proof.slice();
      const view = new DataView(changed.buffer);
      const word = view.getUint32(i, true) + P;
      if (word >= 2 ** 32) continue;
      view.setUint32(i, word, true);
      tried++;
      expect(refusal(honest, changed), `byte ${i}`).not.toBe(undefined);
    }
    expect(tried).toBeGreaterThan(100);
  });

  test('truncated and extended proofs are refused', () => {
    for (let length = 0; length < proof.length; length += 1 + random.below(8))
      expect(refusal(honest, proof.subarray(0, length))).toContain('ends early');
    expect(refusal(honest, Uint8Array.from([...proof, 0]))).toContain('follow its end');
  });

  test('another value of the functional, or another functional, is refused', () => {
    expect(refusal({ ...honest, target: add(honest.target, ONE) }, proof)).toContain('the value of opening');
    const covector = honest.covector.with(EXT * 3, (honest.covector[EXT * 3]! + 1) % P);
    expect(refusal({ ...honest, covector }, proof)).toContain('the value of opening');
  });

  test('cells other than the committed ones are refused', () => {
    const [first, ...others] = honest.commitments;
    const columns = first!.columns.with(3, (first!.columns[3]! + 1) % P);
    const forged = commit(v, 'advice', owned(columns), parameters.code);
    // Honest for the wrong cells, under the registered root.
    const wrong = { ...honest, commitments: [{ ...forged, root: first!.root }, ...others] };
    expect(refusal(honest, prove(wrong))).toMatch(/the value of|not those of its root/);
    // The right rows and tree beside a combined row of wrong cells.
    const mixed = { ...honest, commitments: [{ ...first!, columns: forged.columns }, ...others] };
    expect(refusal(honest, prove(mixed))).not.toBe(undefined);
    // The wrong cells' rows alone, everything before them honest.
    const rows = { ...honest, commitments: [{ ...first!, rowsAt: forged.rowsAt }, ...others] };
    expect(refusal(honest, prove(rows))).toContain('rows of the advice are not those of its root');
  });

  test('a tree of another kind, or with its columns divided otherwise, is refused', () => {
    const [advice, weights] = honest.roots;
    expect(refusal({ ...honest, roots: [{ ...advice!, kind: 'weights' }, weights!] }, proof)).toContain('rows of the');
    const divided = [
      { ...advice!, columns: advice!.columns + 1 },
      { ...weights!, columns: weights!.columns - 1 },
    ];
    expect(refusal({ ...honest, roots: divided }, proof)).not.toBe(undefined);
    const cut = honest.roots.map((r) => ({ ...r, root: r.root.subarray(0, 31) }));
    expect(refusal({ ...honest, roots: cut }, proof)).not.toBe(undefined);
  });

  test('a combined row that is not the combination of the columns is refused by the positions', () => {
    // One column: no rounds before the row, so that the covector is known beforehand.
    const single = instance(parameters, [1]);
    const row = v.alloc(single.covector.length);
    v.addScaledBase(row, single.commitments[0]!.columns, ONE);
    const lie = (dishonest: Uint32Array): string | undefined => {
      const proof = prove(single, proverChannel('test'), (_v, channel, p, commitments, { granules }) =>
        openRow(v, channel, p, commitments, granules, dishonest),
      );
      return refusal(single, proof);
    };
    expect(lie(row)).toBe(undefined);
    const reason = parameters.tail === undefined ? /position \d+ of/ : /the value of opening.tail.row/;
    expect(lie(owned(orthogonal(row, single.covector)))).toMatch(reason);
  });

  test('a proof without the work is refused', () => {
    const noWork = (seed: Uint8Array, bits: number): number => {
      for (let nonce = 0; nonce < 256; nonce++)
        if (proofOfWork(seed, Uint8Array.of(nonce, 0, 0, 0, 0, 0, 0, 0)) % 2 ** bits !== 0) return nonce;
      throw new Error(`every nonce is a proof of work of ${bits} bits`);
    };
    expect(refusal(honest, prove(honest, proverChannel('test', noWork)))).toContain('proof of work');
  });

  test('a covector of another size is an error of the caller', () => {
    const short = { ...honest, covector: honest.covector.subarray(EXT) };
    expect(() => prove(short)).toThrow(RangeError);
    const open: typeof openFunctional = (_v, channel, p, commitments, { granules }) =>
      openFunctional(v, channel, p, commitments, { granules, inner: v.alloc(2 * EXT) });
    expect(() => prove(honest, proverChannel('test'), open)).toThrow(RangeError);
  });
});

test('another final row with the same value is refused by the positions of the tail', () => {
  const case_ = instance(tail);
  const { code } = tail;
  let joint = bigElements(case_.covector);
  let delta: Ext = ONE;
  let positions: readonly number[] = [];
  /** delta and the points of the tail come after the positions of the combined row. */
  const seen = (label: string, z: Ext): void => {
    if (label === 'opening.columns.point') joint = bigFold(joint, z);
    if (label === 'opening.delta') {
      delta = z;
      const w = power(power(3n, 127n), 1n << BigInt(24 - code.logCode));
      let factor = bigOf(ONE);
      for (const position of positions) {
        factor = bigMul(factor, bigOf(delta));
        const point = mod(3n * power(w, BigInt(position)));
        joint = joint.map((a, i) => bigAdd(a, bigScale(factor, power(point, BigInt(i)))));
      }
    }
    if (label === 'opening.tail.point') joint = bigFold(joint, z);
  };
  let changed = 0;
  const change = (row: Uint32Array): Uint32Array => {
    changed++;
    return orthogonal(row, Uint32Array.from(joint.flat().map(Number)));
  };
  const channel = lying('opening.tail.row', change, seen, (label, drawn) => {
    if (label === 'opening.positions') positions = drawn;
  });
  const reason = refusal(case_, prove(case_, channel));
  expect(changed).toBe(1);
  expect(reason).toMatch(/position \d+ of/);
});

test('another combined row with the same value is refused by the positions, after column rounds too', () => {
  const case_ = instance(clear);
  let covector = bigElements(case_.covector);
  const seen = (label: string, z: Ext): void => {
    if (label === 'opening.columns.point') covector = bigFold(covector, z);
  };
  const change = (row: Uint32Array): Uint32Array => orthogonal(row, Uint32Array.from(covector.flat().map(Number)));
  expect(refusal(case_, prove(case_, lying('opening.row', change, seen)))).toMatch(/position \d+ of/);
});
