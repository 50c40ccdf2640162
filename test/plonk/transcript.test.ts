// The transcript: both sides agree on an honest proof, every change of what is absorbed changes what is drawn, bad bytes are refused.
import { blake3 } from '@noble/hashes/blake3.js';
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Ext, P } from '../../runtime/provers/plonk/field.ts';
import { findNonce, proofOfWork } from '../../runtime/provers/plonk/proof-of-work.ts';
import { proverChannel, type Transcript, verifierChannel } from '../../runtime/provers/plonk/transcript.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const refusal = (step: () => unknown): Diagnostic => {
  try {
    step();
  } catch (error) {
    if (error instanceof Diagnostic) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};
/** Words as little-endian bytes. */
function littleEndian(...words: number[]): Uint8Array {
  const out = new Uint8Array(4 * words.length);
  for (const [i, word] of words.entries()) new DataView(out.buffer).setUint32(4 * i, word, true);
  return out;
}
const open = <T extends Transcript>(channel: T): T => {
  channel.chain(1);
  return channel;
};

describe('both sides', () => {
  test('draw the same after the same messages', () => {
    const values: readonly Ext[] = [
      [1, 2, 3, 4],
      [P - 1, 0, 5, 6],
    ];
    const hash = Uint8Array.from({ length: 64 }, (_, i) => i);
    const prover = proverChannel('test');
    prover.absorb('statement', bytes(1, 2, 3));
    prover.sendHashes('root', hash);
    prover.chain(3);
    const first = prover.challenge('first');
    prover.send('values', values);
    prover.sendWords('words', Uint32Array.of(7, P - 1));
    const second = prover.challenges('second', 5);
    prover.pow('work', 5);
    const positions = prover.positions('positions', 64, 10);
    const proof = prover.proof();
    expect(proof.length).toBe(64 + 32 + 8 + 8);

    const verifier = verifierChannel('test', proof);
    verifier.absorb('statement', bytes(1, 2, 3));
    expect(verifier.receiveHashes('root', 2)).toEqual(hash);
    verifier.chain(3);
    expect(verifier.challenge('first')).toEqual(first);
    expect(verifier.receive('values', 2)).toEqual(values);
    expect([...verifier.receiveWords('words', 2)]).toEqual([7, P - 1]);
    expect(verifier.challenges('second', 5)).toEqual(second);
    verifier.pow('work', 5);
    expect(verifier.positions('positions', 64, 10)).toEqual(positions);
    verifier.end();
  });

  test('a message sent is a copy: later changes of the array do not reach the proof', () => {
    const prover = proverChannel('test');
    const words = Uint32Array.of(1);
    prover.sendWords('words', words);
    words[0] = 2;
    expect(prover.proof()).toEqual(littleEndian(1));
  });
});

describe('what is drawn depends on', () => {
  const drawn = (steps: (t: Transcript) => void, protocol = 'test', label = 'x'): string => {
    const channel = proverChannel(protocol);
    steps(channel);
    return channel.challenge(label).join();
  };
  const honest = drawn((t) => {
    t.absorb('ab', bytes(1, 2));
    t.chain(2);
  });

  type Step = (t: Transcript) => void;
  const absorb =
    (label: string, ...data: number[]): Step =>
    (t) =>
      t.absorb(label, bytes(...data));
  const chain =
    (steps: number): Step =>
    (t) =>
      t.chain(steps);
  const draw: Step = (t) => t.challenge('x');

  test.each<[string, readonly Step[]]>([
    ['a byte', [absorb('ab', 1, 3), chain(2)]],
    ['a label', [absorb('ac', 1, 2), chain(2)]],
    ['the boundary between label and data', [absorb('a', 98, 1, 2), chain(2)]],
    ['how data is divided', [absorb('ab', 1), absorb('ab', 2), chain(2)]],
    ['an empty message', [absorb('ab', 1, 2), absorb(''), chain(2)]],
    ['the length of the chain', [absorb('ab', 1, 2), chain(3)]],
    ['the order of chain and message', [chain(2), absorb('ab', 1, 2)]],
    ['an earlier draw', [absorb('ab', 1, 2), chain(2), draw]],
  ])('%s', (_, steps) => {
    const all: Step = (t) => {
      for (const step of steps) step(t);
    };
    expect(drawn(all)).not.toBe(honest);
  });

  test('the protocol and the label of the draw', () => {
    const steps = (t: Transcript): void => {
      t.absorb('ab', bytes(1, 2));
      t.chain(2);
    };
    expect(drawn(steps)).toBe(honest);
    expect(drawn(steps, 'test 2')).not.toBe(honest);
    expect(drawn(steps, 'test', 'y')).not.toBe(honest);
  });
});

describe('draws', () => {
  test('challenges are canonical and spread over the field', () => {
    const limbs = open(proverChannel('test')).challenges('many', 5000).flat();
    expect(limbs.every((limb) => Number.isInteger(limb) && limb >= 0 && limb < P)).toBe(true);
    const counts = Array.from({ length: 16 }, (_, k) => limbs.filter((x) => Math.floor((16 * x) / P) === k).length);
    // 20,000 limbs: 1250 per sixteenth, standard deviation 34.
    expect(Math.min(...counts)).toBeGreaterThan(1050);
    expect(Math.max(...counts)).toBeLessThan(1450);
    // Reducing 31-bit numbers would give numbers below 2^31 - p twice as often: 315 instead of 157 of them.
    expect(limbs.filter((limb) => limb < 2 ** 31 - P).length).toBeLessThan(220);
  });

  test('positions are distinct, ascending and below the domain', () => {
    for (const [domain, count] of [
      [64, 64],
      [64, 1],
      [2 ** 20, 200],
      [1, 1],
      [16, 0],
    ] as const) {
      const channel = open(proverChannel('test'));
      channel.pow('work', 0);
      const positions = channel.positions('positions', domain, count);
      expect(positions.length).toBe(count);
      expect(positions.every((x, i) => x >= 0 && x < domain && (i === 0 || x > positions[i - 1]!))).toBe(true);
    }
  });

  test('positions that cannot be distinct, or of a domain that would bias them, are an error', () => {
    // The first ends even where it is not refused.
    for (const [domain, count] of [
      [3, 1],
      [4, 5],
    ] as const) {
      const channel = open(proverChannel('test'));
      channel.pow('work', 0);
      expect(() => channel.positions('positions', domain, count)).toThrow(RangeError);
    }
  });

  test('no challenge before the chain, no positions but directly after a proof of work', () => {
    expect(() => proverChannel('test').challenge('x')).toThrow(/before the commitments/);
    expect(() => verifierChannel('test', bytes()).challenges('x', 1)).toThrow(/before the commitments/);
    const between: readonly ((t: Transcript) => void)[] = [
      (t) => t.absorb('x', bytes()),
      (t) => t.challenge('x'),
      (t) => t.chain(1),
      (t) => t.positions('x', 4, 1),
    ];
    for (const step of between) {
      const channel = open(proverChannel('test'));
      expect(() => channel.positions('positions', 4, 1)).toThrow(/without a proof of work/);
      channel.pow('work', 1);
      step(channel);
      expect(() => channel.positions('positions', 4, 1)).toThrow(/without a proof of work/);
    }
  });
});

describe('the verifier refuses', () => {
  test('words that are not canonical, at their byte', () => {
    for (const word of [P, P + 1, 2 ** 32 - 1]) {
      const error = refusal(() => verifierChannel('test', littleEndian(1, word)).receiveWords('words', 2));
      expect(error).toMatchObject({ code: 'proof-refused', where: { field: 'words', byte: 4 } });
      const extension = refusal(() => verifierChannel('test', littleEndian(1, 1, 1, word)).receive('values', 1));
      expect(extension).toMatchObject({ code: 'proof-refused', where: { field: 'values', byte: 12 } });
    }
  });

  test('proofs that end early, before anything is allocated', () => {
    const proof = bytes(1, 0, 0, 0, 2, 0, 0);
    for (const read of [
      () => verifierChannel('test', proof).receiveWords('x', 2),
      () => verifierChannel('test', proof).receive('x', 1),
      () => verifierChannel('test', proof).receiveHashes('x', 1),
      () => verifierChannel('test', proof).receiveWords('x', 2 ** 40),
      () => verifierChannel('test', proof).pow('x', 0),
    ])
      expect(refusal(read)).toMatchObject({ code: 'proof-refused', where: { field: 'x', byte: 0 } });
  });

  test('bytes after the end', () => {
    const channel = verifierChannel('test', bytes(1, 0, 0, 0, 9));
    channel.receiveWords('x', 1);
    expect(refusal(() => channel.end())).toMatchObject({ code: 'proof-refused', where: { byte: 4 } });
  });

  test('what does not hold', () => {
    const channel = verifierChannel('test', bytes());
    channel.check(true, 'something');
    expect(refusal(() => channel.check(false, 'something')).message).toContain('something');
  });
});

describe('proof of work', () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i);

  test('is BLAKE3 over seed, tag and nonce', () => {
    const nonce = bytes(1, 2, 3, 4, 5, 6, 7, 8);
    const digest = blake3(Uint8Array.from([...seed, ...new TextEncoder().encode('work'), ...nonce]));
    expect(proofOfWork(seed, nonce)).toBe(new DataView(digest.buffer, digest.byteOffset).getUint32(0, true));
  });

  test('the search finds the smallest good nonce', () => {
    const encoded = (n: number): Uint8Array => littleEndian(n, 0);
    const found = findNonce(seed, 8);
    for (let n = 0; n < found; n++) expect(proofOfWork(seed, encoded(n)) % 256).not.toBe(0);
    expect(proofOfWork(seed, encoded(found)) % 256).toBe(0);
  });

  test('a nonce without work is refused', () => {
    /** Work of one bit less than asked for. */
    const lazy = (state: Uint8Array, bits: number): number => {
      for (let n = 0; ; n++) {
        const word = proofOfWork(state, littleEndian(n, 0));
        if (word % 2 ** (bits - 1) === 0 && word % 2 ** bits !== 0) return n;
      }
    };
    const prover = open(proverChannel('test', lazy));
    prover.pow('work', 6);
    const verifier = open(verifierChannel('test', prover.proof()));
    const error = refusal(() => verifier.pow('work', 6));
    expect(error.message).toContain('proof of work');
  });
});
