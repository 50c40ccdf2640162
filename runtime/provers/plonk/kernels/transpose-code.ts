// Emits the transposition of four vectors of four words.
import { v128 } from '../../wasm/simd.ts';
import type { Writer } from '../../wasm/writer.ts';
import type { Vector } from './field-code.ts';

/** Word j of vector i of the result is word i of vector j. */
export function transpose(w: Writer, [a, b, c, d]: readonly Vector[]): readonly Vector[] {
  const ab = w.let(v128.shuffle(a!, b!, [0, 4, 1, 5]));
  const cd = w.let(v128.shuffle(c!, d!, [0, 4, 1, 5]));
  const upperAb = w.let(v128.shuffle(a!, b!, [2, 6, 3, 7]));
  const upperCd = w.let(v128.shuffle(c!, d!, [2, 6, 3, 7]));
  return [
    w.let(v128.shuffle(ab, cd, [0, 1, 4, 5])),
    w.let(v128.shuffle(ab, cd, [2, 3, 6, 7])),
    w.let(v128.shuffle(upperAb, upperCd, [0, 1, 4, 5])),
    w.let(v128.shuffle(upperAb, upperCd, [2, 3, 6, 7])),
  ];
}
