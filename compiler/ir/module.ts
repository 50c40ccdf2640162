// The graph IR: a module of typed tensor operations in static single assignment form.
import type { Tensor } from './tensor.ts';
import type { TensorType } from './types.ts';

/** Where a value or operation comes from: the ONNX node's name (or `OpType#index`) and its index in the file. */
export interface Location {
  readonly node: string;
  readonly index: number;
}

/** The location of a value that comes from no ONNX node. */
export const UNKNOWN_LOCATION: Location = { node: '', index: -1 };

/** `float`: reals. `int`: quantized, exact integers only. */
export type Stage = 'float' | 'int';
/** The stages, in the order in which passes take a module through them. */
export const STAGES: readonly Stage[] = ['float', 'int'];

/** A tensor defined once; identity is the object. `name` is a hint for printing, not necessarily unique. */
export interface Value {
  readonly name: string;
  readonly type: TensorType;
}

/** A value that an attribute or a pass option may have. */
export type AttrValue = number | string | boolean | readonly number[] | readonly string[];
/** Attributes by name. */
export type Attrs = Readonly<Record<string, AttrValue>>;

/** One use of an operator. */
export interface Operation {
  /** Name of the operator: a key of the registry. */
  readonly op: string;
  readonly operands: readonly Value[];
  readonly results: readonly Value[];
  readonly attrs: Attrs;
  readonly loc: Location;
}

/** A model as a graph in single assignment form: inputs, constants, operations in order, outputs. */
export interface Module {
  readonly name: string;
  readonly stage: Stage;
  readonly inputs: readonly Value[];
  /** Named as in ONNX; the same value may be listed twice. */
  readonly outputs: readonly { readonly name: string; readonly value: Value }[];
  /** Weights and other constants, by value. */
  readonly constants: ReadonlyMap<Value, Tensor>;
  /** In an order in which every operand is defined before its use. */
  readonly operations: readonly Operation[];
}
