// Small synthetic models of different make-up: proofs of them tell what each thing that the native prover does costs.
import { type Circuit, KOALABEAR } from '../../ir/circuit.ts';
import { lowerModule, type PortVisibility } from '../../ir/lower.ts';
import type { Module, Value } from '../../ir/module.ts';
import { createModuleBuilder, type ModuleBuilder } from '../../ir/module-builder.ts';
import type { OpRegistry } from '../../ir/op.ts';
import { type Shape, sizeOf } from '../../ir/tensor.ts';
import { intType } from '../../ir/types.ts';
import { measureCircuit } from './measure.ts';
import { type PlonkCounts, plonkCounts } from './plonk.ts';

/** A model to prove while the clock runs. */
export interface CalibrationModel {
  readonly name: string;
  /** What there is much of. */
  readonly doc: string;
  /** Builds it: integers only, weights from a fixed sequence. */
  build(ops: OpRegistry): CalibrationCircuit;
}

/** A model of integers and its circuit for the native prover. */
export interface CalibrationCircuit {
  readonly module: Module;
  readonly circuit: Circuit;
}

/** What a proof of a circuit consists of, on a run whose columns of boundary tensors have so many rows. */
export function calibrationCounts({ circuit }: CalibrationCircuit, rows: number): PlonkCounts {
  const shared = circuit.ports.filter((p) => p.visibility === 'committed' && p.role !== 'param');
  const cells = shared.map((p) => sizeOf(circuit.wires[p.wire]!.shape));
  return plonkCounts(measureCircuit(circuit), cells, rows);
}

const BYTE = [0, 255] as const;
const INT8 = [-127, 127] as const;

// Signals of public tensors take memory of their own, which slices inside a run do not need.
const PRIVATE: PortVisibility = { input: 'private', weights: 'public', output: 'private' };
const SHARED: PortVisibility = { input: 'committed', weights: 'public', output: 'committed' };

function model(
  name: string,
  doc: string,
  layers: (b: Layers) => void,
  visibility: PortVisibility = PRIVATE,
): CalibrationModel {
  return {
    name,
    doc,
    build(ops) {
      const builder = createModuleBuilder(name, 'int', ops);
      layers(createLayers(builder));
      const module = builder.finish();
      return { module, circuit: lowerModule(module, ops, KOALABEAR, visibility) };
    },
  };
}

/** Layers as they occur in quantized networks. */
interface Layers {
  input(shape: Shape, range?: readonly [number, number]): Value;
  output(x: Value): void;
  /** To bytes, rounded and saturated. */
  requantize(x: Value, shift: number): Value;
  /** A table of 2^16 rows, another one for every number. */
  sigmoid(x: Value, number: number): Value;
  dense(x: Value, rows: number, columns: number): Value;
  convolution(x: Value, channels: number): Value;
}

function createLayers(b: ModuleBuilder): Layers {
  let [inputs, outputs] = [0, 0];
  // A linear congruential sequence: the constants of Numerical Recipes.
  let state = 1;
  const weights = (shape: Shape): Value => {
    const data = Int8Array.from({ length: sizeOf(shape) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return ((state >>> 8) % (INT8[1] - INT8[0] + 1)) + INT8[0];
    });
    return b.constantOfType('', { shape, data }, intType(shape, INT8[0], INT8[1]));
  };
  const emit = (op: string, operands: readonly Value[], attrs: Parameters<ModuleBuilder['emit']>[2]): Value =>
    b.emit(op, operands, attrs)[0]!;
  return {
    input: (shape, [lo, hi] = BYTE) => b.input(`x${inputs++}`, intType(shape, lo, hi)),
    output: (x) => b.output(`y${outputs++}`, x),
    requantize: (x, shift) => emit('requant', [x], { multipliers: [1], shift, lo: BYTE[0], hi: BYTE[1], scale: '1' }),
    sigmoid(x, number) {
      const [scale, out] = [`2^-${12 + number}`, '2^-8'];
      const saturated = { multipliers: [1], shift: 0, lo: -(2 ** 15), hi: 2 ** 15 - 1, scale };
      return emit('requant', [x], { ...saturated, act: 'sigmoid', out_scale: out });
    },
    dense: (x, rows, columns) => emit('matmul', [x, weights([rows, columns])], {}),
    convolution(x, channels) {
      const square = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };
      return emit('conv', [x, weights([channels, x.type.shape[1]!, 3, 3])], square);
    },
  };
}

/** The models that `calibrate-cost` proves, in this order; a minute or so on two cores. */
export const calibrationModels: readonly CalibrationModel[] = [
  model('small', 'next to nothing', (b) => b.output(b.requantize(b.input([64], [0, 4095]), 4))),
  model('lookups', 'cells that are rounded, looked up in narrow tables', (b) =>
    b.output(b.requantize(b.input([2 ** 17], [0, 2 ** 16 - 1]), 8)),
  ),
  model('lookups-more', 'four times as many', (b) => b.output(b.requantize(b.input([2 ** 19], [0, 2 ** 16 - 1]), 8))),
  model('wide-sums', 'wide accumulators, rounded', (b) =>
    b.output(b.requantize(b.input([2 ** 16], [-(2 ** 26), 2 ** 26]), 18)),
  ),
  model(
    'tables',
    'rows of wide tables, few lookups',
    (b) => {
      for (let i = 0; i < 3; i++) b.output(b.sigmoid(b.input([256], [-(2 ** 15), 2 ** 15 - 1]), i));
    },
    // What nobody reads is not looked up.
    { ...PRIVATE, output: 'public' },
  ),
  model('dense', 'weights of which each is used once', (b) =>
    b.output(b.requantize(b.dense(b.input([1, 1024]), 1024, 1024), 16)),
  ),
  model('dense-more', 'four times as many', (b) => b.output(b.requantize(b.dense(b.input([1, 2048]), 2048, 2048), 16))),
  model('convolution', 'multiply-accumulates of few weights', (b) => {
    const x = b.requantize(b.convolution(b.input([1, 32, 32, 32]), 32), 12);
    b.output(b.requantize(b.convolution(x, 32), 12));
  }),
  model('deep', 'many small layers one after the other', (b) => {
    let x = b.input([1, 32]);
    for (let layer = 0; layer < 48; layer++) x = b.requantize(b.dense(x, 32, 32), 11);
    b.output(x);
  }),
  model(
    'boundary',
    'a large tensor that enters and one that leaves, with commitments of their own',
    (b) => b.output(b.requantize(b.input([2 ** 17], [0, 2 ** 16 - 1]), 8)),
    SHARED,
  ),
  model(
    'boundaries',
    'many small tensors with commitments of their own',
    (b) => {
      for (let i = 0; i < 8; i++) b.output(b.requantize(b.input([2 ** 10], [0, 4095]), 4));
    },
    SHARED,
  ),
];
