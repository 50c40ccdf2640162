// Verification keys as bytes: what is written is read back, and every malformed key is refused for its fault.
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { decodeKeyFile, encodeKeyFile, type KeyFile } from '../../runtime/provers/plonk/key-file.ts';

const parameters = {
  opening: {
    code: { logMessage: 5, logCode: 7, queries: 100 },
    tail: { logMessage: 3, logCode: 6, queries: 60 },
    powBits: 16,
  },
  chainSteps: 1024,
};
const key: KeyFile = {
  circuit: Uint8Array.of(1, 2, 3, 4, 5),
  parameters,
  weights: { root: new Uint8Array(32).fill(7), parameters, proof: Uint8Array.of(9, 8, 7) },
};
const bytes = encodeKeyFile(key);
const HEAD = 12;
const headerLength = Buffer.from(bytes).readUInt32LE(8);
const header = Buffer.from(bytes.subarray(HEAD, HEAD + headerLength)).toString('utf8');

/** The key with another header. */
function withHeader(text: string): Uint8Array {
  const head = Buffer.from(bytes.subarray(0, HEAD));
  head.writeUInt32LE(Buffer.byteLength(text), 8);
  return Buffer.concat([head, Buffer.from(text, 'utf8'), bytes.subarray(HEAD + headerLength)]);
}

function refusal(changed: Uint8Array): string {
  try {
    decodeKeyFile(changed);
    return 'accepted';
  } catch (e) {
    if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
    throw e;
  }
}

test('what is written is read back', () => {
  expect(decodeKeyFile(bytes)).toEqual(key);
  expect(decodeKeyFile(withHeader(header))).toEqual(key);
});

describe('refused', () => {
  test('other files, other versions', () => {
    expect(refusal(bytes.with(0, 0x58))).toContain('not a key of this prover');
    expect(refusal(bytes.with(7, 0x39))).toContain('wrong-version');
  });
  test('keys that end early or late', () => {
    expect(refusal(bytes.subarray(0, 10))).toContain('it ends inside its header');
    expect(refusal(bytes.subarray(0, HEAD + 20))).toContain('more bytes than it has');
    expect(refusal(bytes.subarray(0, HEAD + headerLength + 2))).toContain('its circuit ends early');
    expect(refusal(Uint8Array.of(...bytes, 0))).toContain('canonical');
  });
  test.each([
    ['a header that is no object', '[1]', 'expected an object'],
    ['a header that is not JSON', '{', 'not JSON'],
    ['white space', `${header} `, 'canonical'],
    ['half a byte', header.replace('"circuitBytes":5', '"circuitBytes":4.5'), 'expected a whole number'],
    ['fewer bytes than none', header.replace('"circuitBytes":5', '"circuitBytes":-5'), 'expected a whole number'],
    ['a code of two numbers', header.replace('[5,7,100]', '[5,7]'), 'three numbers'],
    ['a root of other digits', header.replace('0707', '07XY'), 'root of the weights'],
    ['a short root', header.replace('0707', '07'), 'root of the weights'],
  ])('%s', (_, text, reason) => {
    expect(text).not.toBe(header);
    expect(refusal(withHeader(text))).toContain(`bad-verification-key: verification key: `);
    expect(refusal(withHeader(text))).toContain(reason);
  });
});
