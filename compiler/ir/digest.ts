// Digests of tensors and other data: SHA-256 over an unambiguous encoding, in hex.
import { createHash } from 'node:crypto';
import { compact, type Tensor } from './tensor.ts';

/** SHA-256 of the parts, each preceded by its length in bytes (8 bytes, little-endian), as 64 hex digits. */
export function digest(domain: string, ...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of [domain, ...parts]) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  }
  return hash.digest('hex');
}

/** Digest of a tensor's shape and values; independent of the typed array that holds them. */
export function tensorDigest(t: Tensor): string {
  const { data } = compact(t);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return digest('zkmlc/tensor', t.shape.join(','), data.constructor.name, bytes);
}
