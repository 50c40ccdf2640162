// The shapes of the benchmarks: well-known networks with random weights, and the figures that proving them should reach.
import { sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { createNetwork, type Feature, INPUT_NAME, type Network, type NetworkBuilder } from './network.ts';
import { NOISE_BOUND, normalNoise, uniformSource } from './noise.ts';

/** Figures to reach on two cores of a laptop: at most so many seconds, bytes of proof, bytes of memory. */
export interface Goal {
  readonly prove: number;
  readonly verify: number;
  readonly proof: number;
  readonly memory: number;
}

/** A network of the benchmarks. */
export interface BenchShape {
  readonly name: string;
  readonly title: string;
  readonly goal?: Goal;
  /** The model's only input: its name and its shape. */
  readonly input: Feature;
  /** Builds the model. @throws RangeError if it has not the number of parameters that the literature gives. */
  build(): Network;
}

/** Inputs are noise of mean 0 and deviation 1, as standardized images are, within these bounds. */
export const INPUT_RANGE: readonly [number, number] = [-NOISE_BOUND, NOISE_BOUND];

/** An input for a shape's model; other seeds give other inputs. */
export function noiseInput(shape: readonly number[], seed: number): Tensor {
  return { shape, data: Float64Array.from(normalNoise(uniformSource(seed), sizeOf(shape), 1)) };
}

const KB = 1000;
const MB = 1_000_000;

const POOL = { size: 2, stride: 2 };

function defineShape(
  name: string,
  title: string,
  parameters: number,
  inputShape: readonly number[],
  goal: Goal | undefined,
  layers: (n: NetworkBuilder) => Feature,
): BenchShape {
  const seed = parameters;
  return {
    name,
    title,
    ...(goal !== undefined && { goal }),
    input: { name: INPUT_NAME, shape: inputShape },
    build() {
      const builder = createNetwork(inputShape, seed);
      const network = builder.finish(layers(builder));
      if (network.parameters !== parameters)
        throw new RangeError(`${name} has ${network.parameters} parameters instead of ${parameters}`);
      return network;
    },
  };
}

/** LeNet-5 for colour images of 32 x 32 (LeCun et al., 1998; with Relu and maximum pools). */
const lenet = defineShape(
  'lenet',
  'LeNet-5',
  62_006,
  [1, 3, 32, 32],
  { prove: 0.05, verify: 0.03, proof: 250 * KB, memory: 300 * MB },
  (n) => {
    let x = n.input;
    for (const filters of [6, 16]) x = n.maxPool(n.relu(n.convolution(x, filters, { size: 5 })), POOL);
    x = n.flatten(x);
    for (const units of [120, 84]) x = n.relu(n.dense(x, units));
    return n.dense(x, 10, 1);
  },
);

const cifar = defineShape(
  'cifar',
  'CIFAR CNN',
  265_822,
  [1, 3, 32, 32],
  { prove: 0.1, verify: 0.04, proof: 350 * KB, memory: 500 * MB },
  (n) => {
    let x = n.input;
    for (const filters of [32, 64]) x = n.maxPool(n.relu(n.convolution(x, filters, { size: 3, pad: 1 })), POOL);
    return n.dense(n.relu(n.dense(n.flatten(x), 60)), 10, 1);
  },
);

const dense = defineShape(
  'dense',
  'Dense 4 M',
  3_962_890,
  [1, 784],
  { prove: 0.06, verify: 0.04, proof: 350 * KB, memory: 500 * MB },
  (n) => {
    let x = n.input;
    for (let i = 0; i < 4; i++) x = n.relu(n.dense(x, 1024));
    return n.dense(x, 10, 1);
  },
);

/** VGG16 as used on CIFAR: thirteen convolutions, a small classifier (Simonyan and Zisserman, 2015). */
const vgg16 = defineShape(
  'vgg16',
  'VGG16',
  15_245_130,
  [1, 3, 32, 32],
  { prove: 0.4, verify: 0.06, proof: 500 * KB, memory: 1000 * MB },
  (n) => {
    let x = n.input;
    for (const [filters, convolutions] of [
      [64, 2],
      [128, 2],
      [256, 3],
      [512, 3],
      [512, 3],
    ] as const) {
      for (let i = 0; i < convolutions; i++) x = n.relu(n.convolution(x, filters, { size: 3, pad: 1 }));
      x = n.maxPool(x, POOL);
    }
    x = n.flatten(x);
    for (let i = 0; i < 2; i++) x = n.relu(n.dense(x, 512));
    return n.dense(x, 10, 1);
  },
);

/** ResNet-18 as in torchvision (He et al., 2016). Its 9,600 parameters of batch norms are 4,800 biases after folding. */
const resnet18 = defineShape(
  'resnet18',
  'ResNet-18 at 224 x 224',
  11_689_512 - 4_800,
  [1, 3, 224, 224],
  { prove: 2.5, verify: 0.1, proof: 600 * KB, memory: 1500 * MB },
  (n) => {
    let x = n.relu(n.convolution(n.input, 64, { size: 7, stride: 2, pad: 3 }));
    x = n.maxPool(x, { size: 3, stride: 2, pad: 1 });
    for (const filters of [64, 128, 256, 512])
      for (let block = 0; block < 2; block++) {
        const stride = filters > 64 && block === 0 ? 2 : 1;
        const inner = n.relu(n.convolution(x, filters, { size: 3, stride, pad: 1 }));
        const shortcut = stride === 1 ? x : n.convolution(x, filters, { size: 1, stride }, 1);
        // Branches are small beside what they are added to, as in trained networks: eight blocks must not add up.
        x = n.relu(n.add(n.convolution(inner, filters, { size: 3, pad: 1 }, 0.5), shortcut));
      }
    return n.dense(n.flatten(n.globalAveragePool(x)), 1000, 1);
  },
);

/** ResNet-50 as in torchvision, batch norms folded: more than one proof holds in 1 GB, for slices. */
const resnet50 = defineShape(
  'resnet50',
  'ResNet-50 at 224 x 224',
  25_557_032 - 26_560,
  [1, 3, 224, 224],
  undefined,
  (n) => {
    let x = n.relu(n.convolution(n.input, 64, { size: 7, stride: 2, pad: 3 }));
    x = n.maxPool(x, { size: 3, stride: 2, pad: 1 });
    for (const [filters, blocks] of [
      [64, 3],
      [128, 4],
      [256, 6],
      [512, 3],
    ] as const)
      for (let block = 0; block < blocks; block++) {
        const stride = filters > 64 && block === 0 ? 2 : 1;
        const narrow = n.relu(n.convolution(x, filters, { size: 1 }));
        const inner = n.relu(n.convolution(narrow, filters, { size: 3, stride, pad: 1 }));
        const shortcut = block === 0 ? n.convolution(x, 4 * filters, { size: 1, stride }, 1) : x;
        x = n.relu(n.add(n.convolution(inner, 4 * filters, { size: 1 }, 0.4), shortcut));
      }
    return n.dense(n.flatten(n.globalAveragePool(x)), 1000, 1);
  },
);

/** From small to large: what is proved as a whole. */
export const SHAPES: readonly BenchShape[] = [lenet, cifar, dense, vgg16, resnet18];

/** What is proved in slices. */
export const SLICED_SHAPES: readonly BenchShape[] = [resnet18, resnet50];
