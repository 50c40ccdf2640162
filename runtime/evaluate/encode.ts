// Between reals and the integers of a port: inputs are rounded half to even and checked, outputs are scaled back exactly.
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { toNumber } from '../../compiler/ir/rational.ts';
import { roundHalfEven } from '../../compiler/ir/rounding.ts';
import { sameShape, type Tensor } from '../../compiler/ir/tensor.ts';
import { type PortDescription, portScale } from '../artifact/description.ts';

/** What happens to reals outside the declared range. */
export interface EncodeOptions {
  /** Saturate reals outside the declared range instead of refusing them. */
  readonly clamp?: boolean;
}

/** Inputs as a circuit takes them. */
export interface EncodedInputs {
  /** Integers by port name. */
  readonly integers: ReadonlyMap<string, Tensor>;
  /** Elements that were saturated. */
  readonly clamped: number;
}

/**
 * The integers of every input port.
 * @throws Diagnostic `missing-input`, `bad-shape`, or `input-out-of-range` with name, index and value for what is NaN,
 * infinite or outside the declared range.
 */
export function encodeInputs(
  ports: readonly PortDescription[],
  reals: ReadonlyMap<string, Tensor>,
  options: EncodeOptions = {},
): EncodedInputs {
  let clamped = 0;
  const integers = new Map<string, Tensor>();
  for (const p of ports) {
    if (p.role !== 'input') continue;
    const t = reals.get(p.name);
    if (t === undefined)
      throw new Diagnostic(
        'missing-input',
        `no value is given for input ${quote(p.name)} of shape [${p.shape.join(', ')}]`,
        { field: p.name },
      );
    if (!sameShape(t.shape, p.shape))
      throw new Diagnostic(
        'bad-shape',
        `input ${quote(p.name)} expects shape [${p.shape.join(', ')}], got [${t.shape.join(', ')}]`,
        { field: p.name },
      );
    const unit = toNumber(portScale(p));
    const data = new Float64Array(t.data.length);
    const { lo, hi } = p;
    for (let i = 0; i < data.length; i++) {
      const x = t.data[i]!;
      const n = roundHalfEven(x / unit);
      if (n >= lo && n <= hi) {
        data[i] = n;
        continue;
      }
      if (options.clamp !== true || Number.isNaN(x))
        throw new Diagnostic(
          'input-out-of-range',
          `input ${quote(p.name)}[${i}] is ${x}, outside the declared range [${lo * unit}, ${hi * unit}]; calibrate with such data, state the range (--range), or saturate (--clamp-input)`,
          { field: p.name },
        );
      clamped++;
      data[i] = Math.min(hi, Math.max(lo, n));
    }
    integers.set(p.name, { shape: p.shape, data });
  }
  for (const name of reals.keys())
    if (!integers.has(name))
      throw new Diagnostic(
        'unknown-input',
        `the model has no input ${quote(name)}; it has ${[...integers.keys()].map(quote).join(', ')}`,
        { field: name },
      );
  return { integers, clamped };
}

/** Reals of a port's integers: scale * integer in float64. */
export function decodeIntegers(p: Pick<PortDescription, 'scale'>, integers: ArrayLike<number>): Float64Array {
  const unit = toNumber(portScale(p));
  return Float64Array.from(integers, (n) => n * unit);
}
