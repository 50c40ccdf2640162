// The operators of the standard library: the only list of them.
import type { AnyOp } from '../../compiler/ir/op.ts';
import { abs } from './abs.ts';
import { add } from './add.ts';
import { argmax } from './argmax.ts';
import { averagePool } from './average-pool.ts';
import { clip } from './clip.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { expand } from './expand.ts';
import { gather } from './gather.ts';
import { leakyRelu } from './leaky-relu.ts';
import { matmul } from './matmul.ts';
import { maxPool } from './max-pool.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { pad } from './pad.ts';
import { reduceMax } from './reduce-max.ts';
import { reduceMean } from './reduce-mean.ts';
import { reduceSum } from './reduce-sum.ts';
import { relu } from './relu.ts';
import { requant } from './requant.ts';
import { reshape } from './reshape.ts';
import { sigmoid } from './sigmoid.ts';
import { slice } from './slice.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { transpose } from './transpose.ts';

/** Every operator of the standard library. */
export const standardOps: readonly AnyOp[] = [
  abs,
  add,
  argmax,
  averagePool,
  clip,
  concat,
  conv,
  expand,
  gather,
  leakyRelu,
  matmul,
  maxPool,
  mul,
  neg,
  pad,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  requant,
  reshape,
  sigmoid,
  slice,
  sub,
  tanh,
  transpose,
];
