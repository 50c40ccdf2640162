// Operators that only move cells: from a list of view steps to types, values and wires.
import type { AttrSchema, AttrsOf, OpDef } from '../../compiler/ir/op.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { applyViews, type View, viewShape } from '../../compiler/ir/view.ts';
import { ANY_ELEMENT, operandsOf, withShape } from './types.ts';

/**
 * The meaning of an operator whose only result is `steps(shape, attrs)` of its only operand. Steps must not read zeros.
 * @throws Diagnostic `bad-view` or whatever `steps` refuses, from `infer`.
 */
export function viewMeaning<S extends AttrSchema>(
  op: string,
  steps: (shape: Shape, attrs: AttrsOf<S>) => readonly View[],
): Required<Pick<OpDef<S>, 'infer' | 'evalFloat' | 'evalInt' | 'lower' | 'quantization'>> {
  return {
    quantization: { kind: 'exact', narrow: 'none', view: true },
    infer([x], cx) {
      operandsOf(op, [x!], ANY_ELEMENT);
      return [
        withShape(
          op,
          x!,
          steps(x!.shape, cx.attrs).reduce<Shape>((s, v) => viewShape(v, s), x!.shape),
        ),
      ];
    },
    evalFloat: ([x], cx) => [applyViews(x!, ...steps(x!.shape, cx.attrs))],
    evalInt: ([x], cx) => [applyViews(x!, ...steps(x!.shape, cx.attrs))],
    lower: (b, [x], cx) => [b.view(x!, ...steps(x!.shape, cx.attrs))],
  };
}
