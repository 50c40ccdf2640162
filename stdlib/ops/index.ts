// The operators that have integer semantics or are activations: the only list of them.
import type { AnyOp } from '../../compiler/ir/op.ts';
import { add } from './add.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { matmul } from './matmul.ts';
import { maxPool } from './max-pool.ts';
import { mul } from './mul.ts';
import { relu } from './relu.ts';
import { requant } from './requant.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { sub } from './sub.ts';
import { transpose } from './transpose.ts';

/** Every operator of the standard library. */
export const standardOps: readonly AnyOp[] = [
  add,
  concat,
  conv,
  matmul,
  maxPool,
  mul,
  relu,
  requant,
  reshape,
  slice,
  sub,
  transpose,
];
