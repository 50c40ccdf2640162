// Builds ONNX models layer by layer with random weights of He's scale, so that values neither vanish nor explode.
import { sizeOf } from '../../compiler/ir/tensor.ts';
import { type NodeSpec, onnxModel, type TensorSpec } from '../../test/kits/onnx-builder.ts';
import { normalNoise, uniformSource } from './noise.ts';

/** A value of the network: its name in the model, and its shape with a batch axis of 1. */
export interface Feature {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Windows of convolutions and pools over both axes of an image alike. */
export interface Window {
  readonly size: number;
  /** 1 if not given. */
  readonly stride?: number;
  /** 0 if not given. */
  readonly pad?: number;
}

/** A model that was built. */
export interface Network {
  readonly bytes: Uint8Array;
  readonly input: Feature;
  /** Elements of all weights and biases. */
  readonly parameters: number;
}

/**
 * Layers that are added one by one. `gain`: second moment of the results over that of the operands; 2 (if not given) before
 * a Relu, which halves it (He et al., "Delving deep into rectifiers", 2015).
 */
export interface NetworkBuilder {
  readonly input: Feature;
  /** Conv with bias: batch normalization that followed in training is folded into both. */
  convolution(x: Feature, filters: number, window: Window, gain?: number): Feature;
  /** Gemm with bias, weights as [units, features]. */
  dense(x: Feature, units: number, gain?: number): Feature;
  relu(x: Feature): Feature;
  maxPool(x: Feature, window: Window): Feature;
  globalAveragePool(x: Feature): Feature;
  flatten(x: Feature): Feature;
  add(x: Feature, y: Feature): Feature;
  /** The model with `output` as its only output. */
  finish(output: Feature): Network;
}

export const INPUT_NAME = 'input';

/** Deviation of biases, of which trained networks have small ones. */
const BIAS_DEVIATION = 0.1;

/** A network for inputs of the given shape; the same seed gives the same bytes on every machine. */
export function createNetwork(inputShape: readonly number[], seed: number): NetworkBuilder {
  const uniform = uniformSource(seed);
  const nodes: NodeSpec[] = [];
  const initializers: TensorSpec[] = [];
  const input: Feature = { name: INPUT_NAME, shape: inputShape };
  let parameters = 0;

  const weights = (name: string, dims: readonly number[], deviation: number): string => {
    const data = normalNoise(uniform, sizeOf(dims), deviation);
    parameters += data.length;
    initializers.push({ name, dims, data });
    return name;
  };
  const layer = (
    op: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes: NonNullable<NodeSpec['attributes']> = {},
  ): Feature => {
    const name = `${op.toLowerCase()}_${nodes.length}`;
    nodes.push({ op, name, inputs, outputs: [name], attributes });
    return { name, shape };
  };
  const windowAttributes = ({ size, stride = 1, pad = 0 }: Window): NonNullable<NodeSpec['attributes']> => ({
    kernel_shape: [size, size],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  });
  const windowed = (length: number, { size, stride = 1, pad = 0 }: Window): number =>
    Math.floor((length + 2 * pad - size) / stride) + 1;
  const image = ({ name, shape }: Feature): readonly [number, number, number] => {
    if (shape.length !== 4) throw new RangeError(`${name} is no image: its shape is [${shape.join(', ')}]`);
    return [shape[1]!, shape[2]!, shape[3]!];
  };

  return {
    input,
    convolution(x, filters, window, gain = 2) {
      const [channels, height, width] = image(x);
      const { size } = window;
      const w = `weight_${nodes.length}`;
      const deviation = Math.sqrt(gain / (channels * size * size));
      const operands = [
        x.name,
        weights(w, [filters, channels, size, size], deviation),
        weights(`bias_${nodes.length}`, [filters], BIAS_DEVIATION),
      ];
      const shape = [1, filters, windowed(height, window), windowed(width, window)];
      return layer('Conv', operands, shape, windowAttributes(window));
    },
    dense(x, units, gain = 2) {
      const features = sizeOf(x.shape);
      if (x.shape.length !== 2) throw new RangeError(`${x.name} is not flat`);
      const operands = [
        x.name,
        weights(`weight_${nodes.length}`, [units, features], Math.sqrt(gain / features)),
        weights(`bias_${nodes.length}`, [units], BIAS_DEVIATION),
      ];
      return layer('Gemm', operands, [1, units], { transB: 1 });
    },
    relu: (x) => layer('Relu', [x.name], x.shape),
    maxPool(x, window) {
      const [channels, height, width] = image(x);
      const shape = [1, channels, windowed(height, window), windowed(width, window)];
      return layer('MaxPool', [x.name], shape, windowAttributes(window));
    },
    globalAveragePool: (x) => layer('GlobalAveragePool', [x.name], [1, image(x)[0], 1, 1]),
    flatten: (x) => layer('Flatten', [x.name], [1, sizeOf(x.shape)]),
    add: (x, y) => layer('Add', [x.name, y.name], x.shape),
    finish(output) {
      const bytes = onnxModel({ name: 'network', inputs: [input], outputs: [output], nodes, initializers });
      return { bytes, input, parameters };
    },
  };
}
