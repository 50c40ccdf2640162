// Emits the search for the least and the greatest of many int16.
import { i32, type ModuleBuilder } from '../provers/wasm/emitter.ts';
import { i16x8, v128 } from '../provers/wasm/simd.ts';
import { defineWritten } from '../provers/wasm/writer.ts';

const VECTOR = 16;

/** Elements are taken in groups of so many bytes. */
export const EXTREMES_STEP = 2 * VECTOR;

/**
 * Defines `extremes` (from, bytes, out): lane by lane the least of all elements, then the greatest, both with what `out` holds
 * already. `bytes` is a multiple of {@link EXTREMES_STEP}.
 */
export function defineExtremes(module: ModuleBuilder): void {
  defineWritten(module, 'extremes', 3, (w, from, bytes, out) => {
    const [least, greatest] = [0, VECTOR].map((offset) => {
      const held = w.let(v128.load(out!, offset));
      return [w.variable(held), w.variable(held)] as const;
    });
    const at = w.variable(from!);
    w.range(at, w.let(i32.add(from!, bytes!)), EXTREMES_STEP, () => {
      for (const i of [0, 1] as const) {
        const x = w.let(v128.load(at.get, VECTOR * i));
        w.emit(least![i].set(i16x8.minS(least![i].get, x)));
        w.emit(greatest![i].set(i16x8.maxS(greatest![i].get, x)));
      }
    });
    w.emit(v128.store(out!, i16x8.minS(least![0].get, least![1].get)));
    w.emit(v128.store(out!, i16x8.maxS(greatest![0].get, greatest![1].get), VECTOR));
  });
}
