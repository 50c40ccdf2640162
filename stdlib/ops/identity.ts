// The operator that changes nothing: Identity, and Dropout at inference.
import type { Value } from '../../compiler/ir/module.ts';
import { defineOp, type Emitter, type OnnxNode } from '../../compiler/ir/op.ts';
import { checkShape, sizeOf } from '../../compiler/ir/tensor.ts';
import { flagAttribute, operandOf } from '../onnx.ts';
import { constantScalar, refuse } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';
import { ANY_ELEMENT, floatOnly } from '../shared/types.ts';

/**
 * Dropout as inference runtimes execute it: nothing is dropped. From opset 10 on the mask is boolean and all true then;
 * before, it is undefined.
 */
function importDropout(n: OnnxNode, e: Emitter): readonly (Value | undefined)[] {
  const training = (field: string) =>
    refuse(n, 'training-mode', field, 'drops at random; export the model for inference');
  if (n.opset < 7 && !flagAttribute(n, 'is_test', 0)) throw training('is_test');
  if (n.opset >= 12 && (constantScalar(n, e, 2, 'training_mode') ?? 0) !== 0) throw training('training_mode');
  const x = operandOf(n, 0, 'data');
  const maskRead = (n.outputs[1] ?? '') !== '';
  if (!maskRead || n.opset < 10) return [x];
  checkShape(x.type.shape, 'Dropout mask');
  const ones = new Uint8Array(sizeOf(x.type.shape)).fill(1);
  return [x, e.constant({ shape: x.type.shape, data: ones }, 'bool')];
}

/** The operand itself. ONNX Identity; Dropout at inference. */
export const identity = defineOp({
  name: 'identity',
  doc: 'The operand, unchanged.',
  operands: ['x'],
  results: ['same'],
  attrs: {},
  quantization: { kind: 'none' },
  infer: (types) => floatOnly('identity', types, ANY_ELEMENT),
  evalFloat: ([x]) => [x!],
  expand: ([x]) => [x!],
  onnx: [
    {
      opType: 'Identity',
      since: [1, 13, 14, 16, 19, 21, 23, 24, 25],
      attributes: [],
      import: (n) => [operandOf(n, 0, 'input')],
    },
    {
      opType: 'Dropout',
      since: [6, 7, 10, 12, 13, 22],
      attributes: ['is_test', 'ratio', 'seed'],
      inputs: [1, 3],
      import: importDropout,
    },
  ],
  samples: [{ name: 'vector', operands: [reals([3])] }],
});
