// Ranges of ONNX's integer types.

/**
 * Smallest and largest value of each type. 64-bit types end at 2^53 - 1, where exact arithmetic on numbers ends: range
 * analysis refuses what goes beyond, so that no result can differ from one computed with 64 bits.
 */
export const integerBounds: ReadonlyMap<string, readonly [lo: number, hi: number]> = new Map([
  ['int8', [-128, 127]],
  ['uint8', [0, 255]],
  ['int16', [-32768, 32767]],
  ['uint16', [0, 65535]],
  ['int32', [-(2 ** 31), 2 ** 31 - 1]],
  ['uint32', [0, 2 ** 32 - 1]],
  ['int64', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
  ['uint64', [0, Number.MAX_SAFE_INTEGER]],
]);
