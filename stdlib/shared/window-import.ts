// ONNX attributes of convolutions and poolings: automatic padding is resolved here, so that operators know explicit pads only.
import type { OnnxNode } from '../../compiler/ir/op.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { intsAttribute, stringAttribute } from '../onnx.ts';
import { refuse } from './onnx-import.ts';
import { showShape } from './types.ts';

/** Names of the attributes that {@link importWindows} reads. */
export const WINDOW_ATTRIBUTES: readonly string[] = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides'];

/**
 * Strides, pads and dilations of a node for the given spatial extents and kernel (cells).
 * @throws Diagnostic `bad-attribute` for lists of another length or values below 1 (pads: below 0), or if `auto_pad` and
 * explicit padding contradict each other.
 */
export function importWindows(
  n: OnnxNode,
  spatial: Shape,
  kernel: readonly number[],
): { readonly strides: readonly number[]; readonly pads: readonly number[]; readonly dilations: readonly number[] } {
  const list = (name: string, length: number, otherwise: number, least: number): readonly number[] => {
    const values = intsAttribute(n, name) ?? new Array<number>(length).fill(otherwise);
    if (values.length !== length || values.some((v) => v < least || v >= 2 ** 31))
      throw refuse(
        n,
        'bad-attribute',
        name,
        `attribute ${name} expects ${length} whole numbers of at least ${least}, got ${showShape(values)}`,
      );
    return values;
  };
  if (kernel.length !== spatial.length || kernel.some((k) => k < 1))
    throw refuse(
      n,
      'bad-attribute',
      'kernel_shape',
      `expected a kernel of ${spatial.length} whole numbers of at least 1, got ${showShape(kernel)}`,
    );
  const strides = list('strides', spatial.length, 1, 1);
  const dilations = list('dilations', spatial.length, 1, 1);
  const pads = list('pads', 2 * spatial.length, 0, 0);
  const mode = stringAttribute(n, 'auto_pad', 'NOTSET', ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']);
  if (mode === 'NOTSET') return { strides, pads, dilations };
  if (pads.some((p) => p !== 0))
    throw refuse(n, 'bad-attribute', 'auto_pad', `auto_pad=${mode} and pads=${showShape(pads)} exclude each other`);
  if (mode === 'VALID') return { strides, pads, dilations };
  const total = spatial.map((size, i) => {
    const positions = Math.ceil(size / strides[i]!);
    return Math.max(0, (positions - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - size);
  });
  // An odd cell of padding goes to the end (SAME_UPPER) or to the beginning (SAME_LOWER).
  const before = total.map((t) => (mode === 'SAME_UPPER' ? Math.floor(t / 2) : Math.ceil(t / 2)));
  return { strides, pads: [...before, ...total.map((t, i) => t - before[i]!)], dilations };
}
