// The operators of the standard library: the only list of them.
import type { AnyOp } from '../../compiler/ir/op.ts';
import { abs } from './abs.ts';
import { add } from './add.ts';
import { argmax } from './argmax.ts';
import { averagePool } from './average-pool.ts';
import { batchNormalization } from './batch-normalization.ts';
import { cast } from './cast.ts';
import { clip } from './clip.ts';
import { concat } from './concat.ts';
import { constant } from './constant.ts';
import { constantOfShape } from './constant-of-shape.ts';
import { conv } from './conv.ts';
import { div } from './div.ts';
import { expand } from './expand.ts';
import { flatten } from './flatten.ts';
import { gather } from './gather.ts';
import { gemm } from './gemm.ts';
import { globalAveragePool } from './global-average-pool.ts';
import { identity } from './identity.ts';
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
import { shape } from './shape.ts';
import { sigmoid } from './sigmoid.ts';
import { slice } from './slice.ts';
import { split } from './split.ts';
import { squeeze } from './squeeze.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { transpose } from './transpose.ts';
import { truncate } from './truncate.ts';
import { unsqueeze } from './unsqueeze.ts';

/** Every operator of the standard library. */
export const standardOps: readonly AnyOp[] = [
  abs,
  add,
  argmax,
  averagePool,
  batchNormalization,
  cast,
  clip,
  concat,
  constant,
  constantOfShape,
  conv,
  div,
  expand,
  flatten,
  gather,
  gemm,
  globalAveragePool,
  identity,
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
  shape,
  sigmoid,
  slice,
  split,
  squeeze,
  sub,
  tanh,
  transpose,
  truncate,
  unsqueeze,
];
