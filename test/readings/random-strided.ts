// Random views for tests: axes in any order in storage, apart, reversed, repeated or overlapping.
import { type NumericArray, type Shape, sizeOf } from '../../compiler/ir/tensor.ts';
import type { Strided } from '../../compiler/ir/view.ts';
import type { Random } from '../kits/random.ts';

export function shuffled<T>(random: Random, xs: readonly T[]): T[] {
  const out = [...xs];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** `storage` makes the elements, as many as the view reaches and a few more. */
export function randomStrided<D extends NumericArray>(
  random: Random,
  shape: Shape,
  storage: (size: number) => D,
): Strided & { readonly data: D } {
  const strides = shape.map(() => 0);
  let [span, offset] = [1 + random.below(2), random.below(3)];
  for (const axis of shuffled(random, [...shape.keys()])) {
    const how = random.below(8);
    if (how === 0) continue;
    const step = how === 1 ? 1 : span;
    strides[axis] = how === 2 ? -step : step;
    if (how === 2) offset += step * (shape[axis]! - 1);
    span = Math.max(span, step * shape[axis]!) + random.below(2);
  }
  const reach = strides.reduce((sum, s, axis) => sum + Math.max(0, s) * (shape[axis]! - 1), offset);
  return { shape, data: storage(reach + 1 + random.below(4)), offset, strides };
}

/** Elements in row-major order, index by index. */
export function elements({ shape, data, offset, strides }: Strided): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, cell) => {
    let [at, rest] = [offset, cell];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return data[at]!;
  });
}
