// Element by element functions of one tensor.
import type { Tensor } from '../../compiler/ir/tensor.ts';

/** f of every element. */
export function mapTensor(x: Tensor, f: (v: number) => number): Tensor {
  const data = new Float64Array(x.data.length);
  for (let i = 0; i < data.length; i++) data[i] = f(x.data[i]!);
  return { shape: x.shape, data };
}
