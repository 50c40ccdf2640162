// Numbers as text that reads back to exactly the same float64.

/** Shortest decimal that reads back as `x`; `inf`, `-inf`, `nan` and `-0` included. */
export function showNumber(x: number): string {
  if (Object.is(x, -0)) return '-0';
  if (Number.isFinite(x)) return String(x);
  return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf';
}

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * The inverse of {@link showNumber}; any decimal literal is accepted that denotes a float64.
 * @throws RangeError if the text is no number, overflows, or is a whole number that float64 cannot hold (2^53 + 1 must
 * not silently become 2^53).
 */
export function readNumber(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  if (text === '-inf') return Number.NEGATIVE_INFINITY;
  if (text === 'nan') return Number.NaN;
  const short = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  const x = Number(text);
  if (!DECIMAL.test(text)) throw new RangeError(`expected a number, got ${short}`);
  if (!Number.isFinite(x)) throw new RangeError(`${short} is too large for a float64; infinity is written inf`);
  // Up to 15 digits every whole number is exact. Beyond, the shortest form of a float is accepted as well.
  if (
    text.length > 15 &&
    /^-?\d+$/.test(text) &&
    String(x) !== text &&
    (text.length > 400 || BigInt(text) !== BigInt(x))
  )
    throw new RangeError(`the whole number ${short} has no exact float64; the nearest is ${showNumber(x)}`);
  return x;
}
