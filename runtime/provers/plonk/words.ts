// Field words as bytes and back: little-endian, whatever the machine.

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function swapped(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < bytes.length; i += 4) view.setUint32(i, view.getUint32(i, false), true);
  return bytes;
}

/** Bytes of words; a view of the same memory where the machine is little-endian. */
export function bytesOfWords(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  return LITTLE_ENDIAN ? bytes : swapped(bytes.slice());
}

/** Words of bytes (a copy, four bytes each). */
export function wordsOfBytes(bytes: Uint8Array): Uint32Array {
  const copy = bytes.slice();
  return new Uint32Array((LITTLE_ENDIAN ? copy : swapped(copy)).buffer, 0, bytes.length / 4);
}
