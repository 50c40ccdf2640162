// What a report shows: layers and slices of a model as a graph, with what is known of each.
import {
  type Module,
  type Operation,
  type Slicing,
  showType,
  type TensorType,
  type Value,
} from '../../compiler/index.ts';
import type { LayerError } from './accuracy.ts';

/** The operations of one ONNX node. */
export interface ReportLayer {
  readonly name: string;
  /** Operators, each once. */
  readonly operators: readonly string[];
  /** Slices that hold its operations: nearly always one. */
  readonly slices: readonly number[];
  /** Of the results that others read: shape, range, scale. */
  readonly types: readonly string[];
}

/** An input or output of the model. */
export interface ReportPort {
  readonly role: 'input' | 'output';
  readonly name: string;
  readonly type: string;
}

/** A use of a tensor. Vertices are layers from 0, then ports. */
export interface ReportEdge {
  readonly from: number;
  readonly to: number;
  /** Index in the slicing's tensors if it crosses from one slice to another. */
  readonly tensor?: number;
}

/** A graph of layers. */
export interface ReportGraph {
  readonly layers: readonly ReportLayer[];
  readonly ports: readonly ReportPort[];
  readonly edges: readonly ReportEdge[];
}

/** What is known of a slice beside predictions. */
export interface MeasuredSlice {
  readonly constraints: number;
  readonly macs?: number;
  /** Size of its proof; absent if the run has none. */
  readonly proofBytes?: number;
  /** Wall time of witness and proof (seconds), and memory of the process (bytes), where the prover's measurements are beside the run. */
  readonly seconds?: number;
  readonly peakBytes?: number;
}

/** What is known of a tensor of the slicing, of a compiled model and of a run. */
export interface LinkedTensorState {
  readonly visibility: 'public' | 'private' | 'committed';
  /** In decimal. */
  readonly commitment?: string;
  readonly integers?: readonly number[];
}

/** What was verified. */
export interface ReportVerdict {
  /** One sentence. */
  readonly summary: string;
  /** What more is to be said of it: coverage, and what an audit is worth. */
  readonly notes: readonly string[];
  readonly complete: boolean;
  /** Indices of slices. */
  readonly proved: ReadonlySet<number>;
}

/** Everything that a page shows. */
export interface Report {
  readonly title: string;
  /** Facts about the whole: name and value. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly warnings: readonly string[];
  readonly graph: ReportGraph;
  readonly slicing: Slicing;
  /** For each slice its structural key: equal ones share a circuit. */
  readonly keys: readonly string[];
  /** Of a compiled model, by slice. */
  readonly measured?: readonly MeasuredSlice[];
  /** Constraints by name of layer, of a compiled model. */
  readonly constraints?: ReadonlyMap<string, number>;
  /** Of a compiled model, by tensor of the slicing. */
  readonly tensors?: readonly LinkedTensorState[];
  /** By name of layer, where an input was given. */
  readonly errors?: ReadonlyMap<string, LayerError>;
  readonly verdict?: ReportVerdict;
}

/** The ONNX node of an operation, or its operator where there is none. */
export function layerName(o: Operation): string {
  return o.loc.node === '' ? o.op : o.loc.node;
}

/** The graph of a module of integers that was cut into slices. */
export function graphOf(int: Module, slicing: Slicing): ReportGraph {
  const sliceOf = new Int32Array(int.operations.length);
  for (const [s, { operations }] of slicing.slices.entries()) for (const o of operations) sliceOf[o] = s;
  const drafts: { name: string; operations: number[] }[] = [];
  const byName = new Map<string, number>();
  const layerOf = int.operations.map((o, i) => {
    const name = layerName(o);
    const have = byName.get(name);
    // Operations of no node are layers of their own.
    const layer = have !== undefined && o.loc.node !== '' ? have : drafts.push({ name, operations: [] }) - 1;
    byName.set(name, layer);
    drafts[layer]!.operations.push(i);
    return layer;
  });
  const makers = new Map<Value, number>();
  for (const [i, o] of int.operations.entries()) for (const v of o.results) makers.set(v, i);
  const leaving = leavingValues(int, layerOf, makers);
  const layers = drafts.map(({ name, operations }): ReportLayer => {
    const own = operations.map((o) => int.operations[o]!);
    return {
      name,
      operators: [...new Set(own.map((o) => o.op))],
      slices: [...new Set(operations.map((o) => sliceOf[o]!))].sort((a, b) => a - b),
      types: own.flatMap((o) => o.results.filter((v) => leaving.has(v)).map((v) => showType(v.type))),
    };
  });
  const port = (role: ReportPort['role'], name: string, type: TensorType): ReportPort => ({
    role,
    name,
    type: showType(type),
  });
  const ports = [
    ...int.inputs.map((v) => port('input', v.name, v.type)),
    ...int.outputs.map((o) => port('output', o.name, o.value.type)),
  ];
  return { layers, ports, edges: edgesOf(int, slicing, layerOf, sliceOf, layers.length, makers) };
}

/** Values that other layers read, or that are outputs. */
function leavingValues(int: Module, layerOf: readonly number[], makers: ReadonlyMap<Value, number>): Set<Value> {
  const leaving = new Set(int.outputs.map((o) => o.value));
  for (const [i, o] of int.operations.entries())
    for (const v of o.operands) {
      const maker = makers.get(v);
      if (maker !== undefined && layerOf[maker] !== layerOf[i]) leaving.add(v);
    }
  return leaving;
}

function edgesOf(
  int: Module,
  { tensors }: Slicing,
  layerOf: readonly number[],
  sliceOf: Int32Array,
  firstPort: number,
  makers: ReadonlyMap<Value, number>,
): readonly ReportEdge[] {
  const tensorOf = new Map<Value, number>();
  for (const [t, { source }] of tensors.entries())
    if (source.kind === 'result') tensorOf.set(int.operations[source.operation]!.results[source.result]!, t);
  const inputs = new Map(int.inputs.map((v, i) => [v, firstPort + i] as const));
  const edges = new Map<string, ReportEdge>();
  const add = (v: Value, to: number, slice: number | undefined): void => {
    const maker = makers.get(v);
    const from = maker === undefined ? inputs.get(v) : layerOf[maker];
    if (from === undefined || from === to) return;
    const crosses = maker !== undefined && slice !== undefined && sliceOf[maker] !== slice;
    const tensor = crosses ? tensorOf.get(v) : undefined;
    edges.set(`${from} ${to} ${tensor ?? ''}`, { from, to, ...(tensor !== undefined && { tensor }) });
  };
  for (const [i, o] of int.operations.entries()) for (const v of o.operands) add(v, layerOf[i]!, sliceOf[i]);
  for (const [i, o] of int.outputs.entries()) add(o.value, firstPort + int.inputs.length + i, undefined);
  return [...edges.values()];
}
