// A slicing as plain data: which operations each slice holds, which tensors cross between slices, what it should cost.
import type { Cost } from './cost-model.ts';
import type { Shape } from './tensor.ts';

/**
 * What may be asked of slices: smallest total, smallest largest slice, fewest slices, or the shortest time on `provers`
 * machines; ties go to the smaller total.
 */
export type SliceObjective =
  | { readonly kind: 'total' }
  | { readonly kind: 'largest' }
  | { readonly kind: 'count' }
  | { readonly kind: 'makespan'; readonly provers: number };

/** Hard limits; what is absent is not limited. */
export interface SliceLimits {
  /** Predicted resident memory of the process that proves one slice (bytes). */
  readonly memory?: number;
  /** Rows of one slice, or statements about single cells. */
  readonly constraints?: number;
  /** Predicted time of one proof. */
  readonly seconds?: number;
  /** Exactly so many slices. */
  readonly slices?: number;
}

/** What a slicing is asked for. */
export interface SliceRequest {
  readonly objective: SliceObjective;
  readonly limits: SliceLimits;
  /** By hand: a cut after each of these nodes with everything that it depends on, in this order. Nothing is optimised then. */
  readonly at?: readonly string[];
}

/** Where a tensor comes from, by position in the unsliced module. */
export type TensorSource =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'constant'; readonly index: number }
  | { readonly kind: 'result'; readonly operation: number; readonly result: number };

/** A tensor that enters or leaves a slice: an input of the model, an output, or a boundary between slices. */
export interface BoundaryTensor {
  /** Unique within the slicing; the model's name for inputs. */
  readonly name: string;
  readonly source: TensorSource;
  readonly shape: Shape;
  readonly lo: number;
  readonly hi: number;
  /** Exact: `2^-7` or `num/den`. */
  readonly scale: string;
  /** Slice that computes it; -1 for an input of the model. */
  readonly producer: number;
  /** Slices that read it, ascending; never the producer. */
  readonly consumers: readonly number[];
  /** Names of the model's outputs that it is. */
  readonly outputs: readonly string[];
}

/** One slice: the difference of two down-sets of the graph. */
export interface Slice {
  /** `s0`, `s1`, ... in order. */
  readonly name: string;
  /** Indices in the unsliced module's operations, ascending. */
  readonly operations: readonly number[];
  /** ONNX nodes of the operations, each once, in order. */
  readonly nodes: readonly string[];
  /** Indices in {@link Slicing.tensors}, ascending: what it reads from outside, and what others or the user read from it. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Predicted, boundaries and fixed cost included. */
  readonly predicted: Cost;
}

/** A layer that was divided because it is beyond a limit. */
export interface TiledLayer {
  /** ONNX nodes of its operations. Their tiles are called `node[2/4]`. */
  readonly nodes: readonly string[];
  /** Axis of its result. */
  readonly axis: number;
  readonly tiles: number;
  /** Cells of the axis, and of the largest tile. */
  readonly of: number;
  readonly largest: number;
}

/** How good a slicing is and how that is known. */
export interface SlicingReport {
  /** `exact`: best over all chains of down-sets; `interval`: best over the intervals of one order; `manual`: cut by hand. */
  readonly optimality: 'exact' | 'interval' | 'manual';
  /** Why it is not exact, in words; empty if it is. */
  readonly because: string;
  /** Down-sets of the graph of indivisible groups; counting stops one above the limit. */
  readonly downSets: number;
  /** Indivisible groups of operations. */
  readonly groups: number;
  readonly costModel: string;
  /** Of all figures in the model's unit, except where said. */
  readonly unit: string;
  /** Sum over slices. */
  readonly total: number;
  readonly largest: number;
  /** Predicted resident memory of the slice that needs most (bytes). */
  readonly peakBytes: number;
  /** Of the model as one slice; Infinity if it does not fit. */
  readonly unsliced: number;
  /** On `provers` machines, jobs placed longest first. Present if that was asked for. */
  readonly makespan?: Makespan;
  /** Layers that were divided before; absent if none had to be. */
  readonly tiled?: readonly TiledLayer[];
}

/** Time until the last of several machines is done. */
export interface Makespan {
  readonly provers: number;
  readonly makespan: number;
  /**
   * No slicing is faster: max(smallest total / provers, smallest largest slice), the latter being the largest layer with the
   * boundaries that it cannot avoid, and more where so many slices as machines cost more. Where the search is not exact, the
   * same without boundaries.
   */
  readonly lowerBound: number;
  /** makespan / lowerBound - 1. */
  readonly gap: number;
  /** For each slice the machine that proves it, from 0. */
  readonly placement: readonly number[];
}

/** A module cut into slices, to be run and proved in order. */
export interface Slicing {
  readonly slices: readonly Slice[];
  readonly tensors: readonly BoundaryTensor[];
  readonly report: SlicingReport;
}
