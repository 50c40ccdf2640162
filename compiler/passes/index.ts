// The passes that come with the compiler: the only list of them.
import type { AnyPass } from '../ir/pass.ts';
import { calibrate } from './calibrate.ts';
import { canonicalize } from './canonicalize.ts';
import { deadCode } from './dead-code.ts';
import { foldConstants } from './fold-constants.ts';
import { fuse } from './fuse.ts';
import { quantize } from './quantize.ts';
import { tile } from './tile/tile.ts';

/** Every pass of the compiler, by name in alphabetical order. */
export const standardPasses: readonly AnyPass[] = [
  calibrate,
  canonicalize,
  deadCode,
  foldConstants,
  fuse,
  quantize,
  tile,
];
