// ONNX integers wrap around at the width of their type; integers here do not. Results are guarded, so that a model whose
// integers would wrap is refused and never executed with other numbers.
import { integerBounds } from '../../stdlib/integers.ts';
import type { Attrs, Value } from '../ir/module.ts';
import type { OpRegistry } from '../ir/op.ts';
import type { FoldingEmitter } from './folding-emitter.ts';

/** Tracks the ONNX type of integer values by name (`uint8`). */
export interface IntegerWidths {
  /** States the type of an input or initializer. */
  declare(v: Value, dtype: string): void;
  /**
   * The result of a node with these operands. If its type is narrower than int64 and the operator computes anything, a
   * `truncate` is added that proves the result to fit; range analysis then finds that it does, or refuses the node.
   */
  guard(v: Value, operands: readonly (Value | undefined)[]): Value;
}

export function createIntegerWidths(emitter: FoldingEmitter, ops: OpRegistry): IntegerWidths {
  const types = new Map<Value, string>();
  return {
    declare(v, dtype) {
      types.set(v, dtype);
    },
    guard(v, operands) {
      if (types.has(v) || v.type.kind !== 'float' || v.type.element !== 'i64') return v;
      const made = emitter.producer(v);
      const stated = made === undefined ? undefined : statedType(made);
      const dtype = stated ?? operandType(operands, types);
      if (dtype === undefined) return v;
      const bounds = integerBounds.get(dtype);
      const fits = stated !== undefined || bounds === undefined || dtype === 'int64' || isView(made?.op, ops);
      const [guarded] = fits ? [v] : emitter.emit('truncate', [v], { lo: bounds[0], hi: bounds[1] });
      types.set(guarded!, dtype);
      return guarded!;
    },
  };
}

function operandType(operands: readonly (Value | undefined)[], types: ReadonlyMap<Value, string>): string | undefined {
  for (const v of operands) {
    const found = v?.type.kind === 'float' && v.type.element === 'i64' ? (types.get(v) ?? 'int64') : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A cast to an integer type is a `truncate` to its bounds. */
function statedType(made: { readonly op: string; readonly attrs: Attrs }): string | undefined {
  if (made.op !== 'truncate') return undefined;
  for (const [dtype, [lo, hi]] of integerBounds) if (made.attrs.lo === lo && made.attrs.hi === hi) return dtype;
  return undefined;
}

function isView(op: string | undefined, ops: OpRegistry): boolean {
  const how = op === undefined ? undefined : ops.get(op)?.quantization;
  return how?.kind === 'exact' && how.view === true;
}
