// The operators that have integer semantics or are activations: the only list of them.
import type { AnyOp } from '../../compiler/ir/op.ts';
import { add } from './add.ts';
import { matmul } from './matmul.ts';
import { relu } from './relu.ts';
import { requant } from './requant.ts';
import { reshape } from './reshape.ts';
import { sub } from './sub.ts';
import { transpose } from './transpose.ts';

/** Every operator of the standard library. */
export const standardOps: readonly AnyOp[] = [add, matmul, relu, requant, reshape, sub, transpose];
