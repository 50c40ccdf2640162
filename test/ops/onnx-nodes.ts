// Models of one ONNX node, for tests of importers.

import { importModel } from '../../compiler/frontend/import.ts';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import type { DataType } from '../../compiler/frontend/onnx/schema.ts';
import { evaluateModule } from '../../compiler/ir/evaluate.ts';
import type { Module } from '../../compiler/ir/module.ts';
import { type Shape, sizeOf, type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { standardRegistry } from '../../stdlib/index.ts';
import { type AttributeSpec, onnxModel, type TensorSpec } from '../kits/onnx-builder.ts';

/** An operand: the shape of an input, a constant, or nothing for an optional one that is left out. */
export type OperandSpec = Shape | TensorSpec | undefined;

export interface NodeCase {
  readonly op: string;
  readonly opset: number;
  readonly operands: readonly OperandSpec[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** Element type of the output; float32 if not given. */
  readonly result?: DataType;
}

/** A list of int64, as shapes, axes and indices are given. */
export function int64(...data: readonly (number | bigint)[]): TensorSpec {
  return { dims: [data.length], data, dtype: 'int64' };
}

/** Reals of the given shape. */
export function float32(dims: Shape, data: readonly number[]): TensorSpec {
  return { dims, data };
}

const isShape = (o: OperandSpec): o is Shape => Array.isArray(o);

/** Imports a model that consists of one node. @throws Diagnostic if it is refused. */
export function importNode(c: NodeCase): Module {
  const names = c.operands.map((o, i) => (o === undefined ? '' : `x${i}`));
  const bytes = onnxModel({
    opset: c.opset,
    inputs: c.operands.flatMap((o, i) => (isShape(o) ? [{ name: `x${i}`, shape: o }] : [])),
    outputs: [{ name: 'y', ...(c.result === undefined ? {} : { dtype: c.result }) }],
    initializers: c.operands.flatMap((o, i) => (o === undefined || isShape(o) ? [] : [{ ...o, name: `x${i}` }])),
    nodes: [{ op: c.op, name: 'node', inputs: names, outputs: ['y'], attributes: c.attributes ?? {} }],
  });
  return importModel(decodeModel(bytes, { file: 'model.onnx' }), { ops: standardRegistry }).module;
}

/** Shape and values of the node's output for inputs 0, 1, 2, ... (in row-major order, starting anew for each input). */
export function runNode(c: NodeCase): { readonly shape: Shape; readonly data: readonly number[] } {
  const inputs = new Map<string, Tensor>();
  c.operands.forEach((o, i) => {
    if (isShape(o))
      inputs.set(
        `x${i}`,
        tensor(
          o,
          Float64Array.from({ length: sizeOf(o) }, (_, k) => k),
        ),
      );
  });
  const y = evaluateModule(importNode(c), standardRegistry, inputs).get('y')!;
  return { shape: y.shape, data: Array.from(y.data) };
}
