// The operators of the standard library: the only list of them.
import type { AnyOp } from '../../compiler/ir/op.ts';
import { add } from './add.ts';
import { batchNormalization } from './batch-normalization.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { constant } from './constant.ts';
import { constantOfShape } from './constant-of-shape.ts';
import { conv } from './conv.ts';
import { div } from './div.ts';
import { flatten } from './flatten.ts';
import { gemm } from './gemm.ts';
import { globalAveragePool } from './global-average-pool.ts';
import { identity } from './identity.ts';
import { matmul } from './matmul.ts';
import { maxPool } from './max-pool.ts';
import { mul } from './mul.ts';
import { relu } from './relu.ts';
import { requant } from './requant.ts';
import { reshape } from './reshape.ts';
import { shape } from './shape.ts';
import { slice } from './slice.ts';
import { split } from './split.ts';
import { squeeze } from './squeeze.ts';
import { sub } from './sub.ts';
import { transpose } from './transpose.ts';
import { truncate } from './truncate.ts';
import { unsqueeze } from './unsqueeze.ts';

/** Every operator of the standard library. */
export const standardOps: readonly AnyOp[] = [
  add,
  batchNormalization,
  cast,
  concat,
  constant,
  constantOfShape,
  conv,
  div,
  flatten,
  gemm,
  globalAveragePool,
  identity,
  matmul,
  maxPool,
  mul,
  relu,
  requant,
  reshape,
  shape,
  slice,
  split,
  squeeze,
  sub,
  transpose,
  truncate,
  unsqueeze,
];
