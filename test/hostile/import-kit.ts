// Builds models and imports them, for the hostile tests of the importer.
import { evaluateModule } from '../../compiler/evaluate.ts';
import type { Dimensions } from '../../compiler/frontend/graph-ports.ts';
import { type ImportedModel, importModel } from '../../compiler/frontend/import.ts';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import type { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { standardRegistry } from '../../stdlib/index.ts';
import { type ModelSpec, type NodeSpec, onnxModel, type TensorSpec } from '../kits/onnx-builder.ts';
import { refused } from './refused.ts';

/** Decodes and imports the bytes of a model. */
export function importBytes(bytes: Uint8Array, dims: Dimensions = new Map()): ImportedModel {
  const where = { file: 'model.onnx' };
  return importModel(decodeModel(bytes, where), { ops: standardRegistry, dims, ...where });
}

/** Imports a model with input x: float32[1, 4] and output y, unless the specification says otherwise. */
export function imported(spec: ModelSpec, dims: Dimensions = new Map()): ImportedModel {
  return importBytes(onnxModel({ inputs: [{ name: 'x', shape: [1, 4] }], outputs: [{ name: 'y' }], ...spec }), dims);
}

/** {@link imported}, which must refuse with one of these codes. */
export function refusedModel(spec: ModelSpec, ...codes: readonly string[]): Diagnostic {
  return refused(() => imported(spec).module.operations.length, ...codes);
}

/** Elements of output y for x = 1, 2, 3, ... */
export function outputOf({ module }: ImportedModel, name = 'y'): readonly number[] {
  const inputs = new Map<string, Tensor>(
    module.inputs.map((v) => {
      const size = v.type.shape.reduce((a, b) => a * b, 1);
      return [
        v.name,
        tensor(
          v.type.shape,
          Array.from({ length: size }, (_, i) => i + 1),
        ),
      ];
    }),
  );
  return [...evaluateModule(module, standardRegistry, inputs).get(name)!.data];
}

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: NodeSpec['attributes'] = {},
  name = `${op}_${outputs[0] ?? ''}`,
): NodeSpec {
  return { op, inputs, outputs, attributes, name };
}

/** A float32 initializer of ones, unless the elements are given. */
export function weight(name: string, dims: readonly number[], data?: readonly number[]): TensorSpec {
  return { name, dims, data: data ?? new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(1) };
}

/** An int64 initializer of rank 1. */
export function whole(name: string, data: readonly (number | bigint)[]): TensorSpec {
  return { name, dims: [data.length], data, dtype: 'int64' };
}
