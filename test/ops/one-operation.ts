// Types and values of single operations, for tests of operators.
import { evaluateModule } from '../../compiler/ir/evaluate.ts';
import type { Attrs } from '../../compiler/ir/module.ts';
import { createModuleBuilder } from '../../compiler/ir/module-builder.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import type { TensorType } from '../../compiler/ir/types.ts';
import { standardRegistry } from '../../stdlib/index.ts';

/** Type of the first result. `constants` gives the operands that are constants, by position. */
export function resultType(
  op: string,
  operands: readonly TensorType[],
  attrs: Attrs = {},
  constants: ReadonlyMap<number, Tensor> = new Map(),
): TensorType {
  const stage = operands.some((t) => t.kind === 'int') ? 'int' : 'float';
  const b = createModuleBuilder('test', stage, standardRegistry);
  const values = operands.map((t, i) => {
    const known = constants.get(i);
    return known === undefined ? b.input(`x${i}`, t) : b.constantOfType('', known, t);
  });
  return b.emit(op, values, attrs)[0]!.type;
}

/** Value of the first result, all operands being inputs. */
export function evaluate(
  op: string,
  operands: readonly TensorType[],
  values: readonly Tensor[],
  attrs: Attrs = {},
): Tensor {
  const stage = operands.some((t) => t.kind === 'int') ? 'int' : 'float';
  const b = createModuleBuilder('test', stage, standardRegistry);
  const inputs = operands.map((t, i) => b.input(`x${i}`, t));
  b.output('y', b.emit(op, inputs, attrs)[0]!);
  return evaluateModule(b.finish(), standardRegistry, new Map(values.map((t, i) => [`x${i}`, t]))).get('y')!;
}
