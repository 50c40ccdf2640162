// An ONNX model as plain data: what the file says, checked for form, not yet for meaning.
import type { TypedField } from './schema.ts';
import type { Segment, WireSource } from './wire.ts';

/** A model file. Documentation, metadata, training information and device placement are skipped: nothing depends on them. */
export interface OnnxModel {
  /** 0 where the file does not say. */
  readonly irVersion: number;
  readonly producer: string;
  /** In the order of the file; a domain may come twice. */
  readonly opsetImports: readonly OnnxOpset[];
  readonly graph: OnnxGraph;
  /** Functions that the model defines itself; their bodies are not read. */
  readonly functions: readonly OnnxFunction[];
}

export interface OnnxOpset {
  /** Empty for the default domain `ai.onnx`. */
  readonly domain: string;
  readonly version: number;
}

export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
}

export interface OnnxGraph {
  readonly name: string;
  /** In the order of the file, which need not be topological. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  /** Claims of the exporter on intermediate values; hints at most. */
  readonly valueInfos: readonly OnnxValueInfo[];
  /** Names of the sparse initializers, which are not decoded. */
  readonly sparseInitializers: readonly string[];
}

export interface OnnxNode {
  /** Position among the nodes of the file. */
  readonly index: number;
  /** Empty where the file gives none; see {@link nodeLabel}. */
  readonly name: string;
  readonly opType: string;
  /** Empty for the default domain. */
  readonly domain: string;
  readonly overload: string;
  /** Names of values; empty for an omitted optional operand. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** Offset of the node in the file. */
  readonly byte: number;
}

/** An attribute by its type tag. Graphs, types and sparse tensors are present only: nothing here can use them. */
export type OnnxAttribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  | { readonly kind: 'floats'; readonly value: Float32Array }
  | { readonly kind: 'ints'; readonly value: BigInt64Array }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensors'; readonly value: readonly OnnxTensor[] }
  | { readonly kind: 'graph' | 'graphs' | 'sparse-tensor' | 'sparse-tensors' | 'type' | 'types' }
  /** A function body's reference to the attribute of the caller. */
  | { readonly kind: 'reference'; readonly value: string };

/** A tensor whose elements are still where the file has them; `readTensor` checks and decodes them. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly bigint[];
  /** TensorProto.DataType. */
  readonly dataType: number;
  readonly rawData: Uint8Array | undefined;
  readonly typedData: ReadonlyMap<TypedField, readonly Segment[]>;
  readonly stringCount: number;
  /** True where `data_location` is EXTERNAL. */
  readonly external: boolean;
  readonly externalData: readonly (readonly [key: string, value: string])[];
  /** True for a part of a larger tensor, which is not supported. */
  readonly segmented: boolean;
  readonly source: WireSource;
  /** Offset of the tensor in the file. */
  readonly byte: number;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type: OnnxType;
  readonly byte: number;
}

export type OnnxType =
  | { readonly kind: 'tensor'; readonly elementType: number; readonly shape: readonly OnnxDimension[] | undefined }
  | { readonly kind: 'sequence' | 'map' | 'optional' | 'sparse-tensor' | 'opaque' | 'missing' };

/** `value` may be zero or negative: the importer decides. An empty `parameter` counts as unknown. */
export type OnnxDimension =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'unknown' };

/** What diagnostics call a node: its name, or `OpType#index` where it has none. */
export function nodeLabel(node: Pick<OnnxNode, 'name' | 'opType' | 'index'>): string {
  return node.name === '' ? `${node.opType}#${node.index}` : node.name;
}
