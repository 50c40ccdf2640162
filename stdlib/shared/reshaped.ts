// Composite operators that are a reshape whose target follows from the shape of the operand.
import type { AttrSchema, AttrsOf, OpDef } from '../../compiler/ir/op.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { ANY_ELEMENT, floatOnly, floatResult } from './types.ts';

/** The meaning of an operator that gives its only operand the shape `target(shape, attrs)`, of equal size. */
export function reshapedMeaning<S extends AttrSchema>(
  op: string,
  target: (shape: Shape, attrs: AttrsOf<S>) => Shape,
): Required<Pick<OpDef<S>, 'infer' | 'evalFloat' | 'expand' | 'quantization'>> {
  return {
    quantization: { kind: 'none' },
    infer: (types, cx) =>
      floatOnly(op, types, ANY_ELEMENT).map((t) => floatResult(op, target(t.shape, cx.attrs), t.element)),
    evalFloat: ([x], cx) => [{ shape: target(x!.shape, cx.attrs), data: x!.data }],
    expand: ([x], cx) => cx.emitter.emit('reshape', [x!], { shape: [...target(x!.type.shape, cx.attrs)] }),
  };
}
