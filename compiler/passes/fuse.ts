// fuse: constant factors and addends move into the weights and biases of the linear operators around them (float stage).

import { evaluateOperation } from '../ir/evaluate.ts';
import { type Attrs, type Module, type Operation, UNKNOWN_LOCATION, type Value } from '../ir/module.ts';
import { inferTypes, type ModuleBuilder, rewriteModule } from '../ir/module-builder.ts';
import type { OpRegistry } from '../ir/op.ts';
import { definePass } from '../ir/pass.ts';
import { type Shape, sameShape, sizeOf, type Tensor } from '../ir/tensor.ts';
import { floatType } from '../ir/types.ts';

/** What a rule sees of the module being rebuilt. */
interface Fusing {
  readonly ops: OpRegistry;
  readonly builder: ModuleBuilder;
  /** The operation that computed a value of the new module, if its result is read only once. */
  producer(v: Value, op: string): Operation | undefined;
  constant(v: Value | undefined): Tensor | undefined;
  /** Emits after trying the rules again. */
  emit(op: string, operands: readonly Value[], attrs?: Attrs): Value;
  /** Evaluates an operator on constants. */
  fold(op: string, a: Tensor, b: Tensor): Tensor;
}

type Rule = (o: Operation, f: Fusing) => Value | undefined;

/** Rewrites until no rule applies; every rule shortens the chain of operators between two activations. */
export function fuseModule(m: Module, ops: OpRegistry): Module {
  const uses = new Map<Value, number>();
  for (const o of m.operations) for (const v of o.operands) uses.set(v, (uses.get(v) ?? 0) + 1);
  for (const o of m.outputs) uses.set(o.value, (uses.get(o.value) ?? 0) + 2);

  const producers = new Map<Value, Operation>();
  const shared = new Set<Value>();
  return rewriteModule(m, ops, (o, b, original) => {
    const emit = (op: string, operands: readonly Value[], attrs: Attrs, like: readonly Value[]): readonly Value[] => {
      const fused = apply({ ...o, op, operands, attrs, results: [] });
      if (fused !== undefined) return [fused];
      const results = b.emitAt(o.loc, op, operands, attrs, like);
      for (const r of results) producers.set(r, { op, operands, results, attrs, loc: o.loc });
      return results;
    };
    const f: Fusing = {
      ops,
      builder: b,
      producer: (v, op) => (producers.get(v)?.op === op && !shared.has(v) ? producers.get(v) : undefined),
      constant: (v) => (v === undefined ? undefined : b.constantOf(v)),
      emit: (op, operands, attrs = {}) => emit(op, operands, attrs, [])[0]!,
      fold: (op, x, y) => evaluateConstants(ops, op, x, y),
    };
    const apply = (candidate: Operation): Value | undefined => {
      for (const rule of RULES) {
        const value = rule(candidate, f);
        if (value !== undefined) return value;
      }
      return undefined;
    };
    const results = emit(o.op, o.operands, o.attrs, o.results);
    for (const [i, r] of original.results.entries()) if ((uses.get(r) ?? 0) > 1) shared.add(results[i]!);
    return results;
  });
}

function evaluateConstants(ops: OpRegistry, op: string, x: Tensor, y: Tensor): Tensor {
  const operands = [x, y].map((t) => ({ name: '', type: floatType(t.shape) }));
  const known = new Map(operands.map((v, i) => [v, i === 0 ? x : y]));
  const { attrs, types } = inferTypes(ops, op, operands, {}, known);
  const results = types.map((type) => ({ name: '', type }));
  return evaluateOperation({ op, operands, results, attrs, loc: UNKNOWN_LOCATION }, true, ops, [x, y])[0]!;
}

/** Constants stand right of additions and products, and a difference with a constant is a sum. */
const constantsRight: Rule = (o, f) => {
  const [x, y] = o.operands;
  if (o.op === 'sub' && f.constant(y) !== undefined && f.constant(x) === undefined) {
    const c = f.constant(y)!;
    return f.emit('add', [x!, f.builder.constant({ shape: c.shape, data: Float64Array.from(c.data, (v) => -v) })]);
  }
  if ((o.op === 'add' || o.op === 'mul') && f.constant(x) !== undefined && f.constant(y) === undefined)
    return f.emit(o.op, [y!, x!]);
  return undefined;
};

/** (y + a) + b = y + (a + b) and (y * a) * b = y * (a * b). */
const associate: Rule = (o, f) => {
  if (o.op !== 'add' && o.op !== 'mul') return undefined;
  const b = f.constant(o.operands[1]);
  const inner = f.producer(o.operands[0]!, o.op);
  const a = f.constant(inner?.operands[1]);
  if (inner === undefined || a === undefined || b === undefined) return undefined;
  const c = f.fold(o.op, a, b);
  // Broadcasting must not change the shape of the result, nor blow up the constant.
  if (sizeOf(c.shape) > sizeOf(inner.operands[0]!.type.shape)) return undefined;
  return f.emit(o.op, [inner.operands[0]!, f.builder.constant(c)]);
};

/** (y + a) * b = y * b + a * b. */
const distribute: Rule = (o, f) => {
  if (o.op !== 'mul') return undefined;
  const b = f.constant(o.operands[1]);
  const inner = f.producer(o.operands[0]!, 'add');
  const a = f.constant(inner?.operands[1]);
  if (inner === undefined || a === undefined || b === undefined) return undefined;
  const y = inner.operands[0]!;
  if (!sameShape(y.type.shape, inner.results[0]!.type.shape)) return undefined;
  return f.emit('add', [f.emit('mul', [y, o.operands[1]!]), f.builder.constant(f.fold('mul', a, b))]);
};

/** A factor per output channel of a convolution or matrix product moves into its weights. */
const scaleWeights: Rule = (o, f) => {
  if (o.op !== 'mul') return undefined;
  const c = f.constant(o.operands[1]);
  const linear = f.producer(o.operands[0]!, 'conv') ?? f.producer(o.operands[0]!, 'matmul');
  const w = f.constant(linear?.operands[1]);
  if (linear === undefined || c === undefined || w === undefined) return undefined;
  const rank = linear.results[0]!.type.shape.length;
  const isConv = linear.op === 'conv';
  const channels = perAxis(c, rank, isConv ? 1 : rank - 1);
  if (channels === undefined || w.shape.length < 2) return undefined;
  // Convolution weights are [out, in/group, ...]; matrix weights [..., in, out].
  const count = channels.length;
  const shape = isConv ? [count, ...w.shape.slice(1).map(() => 1)] : [count];
  return f.emit(
    linear.op,
    [linear.operands[0]!, f.builder.constant(f.fold('mul', w, { shape, data: channels }))],
    linear.attrs,
  );
};

/** A factor of the input of a matrix product, or per input channel of an ungrouped convolution, moves into its weights. */
const scaleInputs: Rule = (o, f) => {
  if (o.op !== 'conv' && o.op !== 'matmul') return undefined;
  const w = f.constant(o.operands[1]);
  const inner = f.producer(o.operands[0]!, 'mul');
  const c = f.constant(inner?.operands[1]);
  if (inner === undefined || c === undefined || w === undefined || w.shape.length < 2) return undefined;
  const rank = inner.results[0]!.type.shape.length;
  if (!sameShape(inner.operands[0]!.type.shape, inner.results[0]!.type.shape)) return undefined;
  if (o.op === 'conv' && o.attrs.group !== 1 && sizeOf(c.shape) !== 1) return undefined;
  const channels = perAxis(c, rank, o.op === 'conv' ? 1 : rank - 1);
  if (channels === undefined) return undefined;
  const shape = o.op === 'conv' ? [1, channels.length, ...w.shape.slice(2).map(() => 1)] : [channels.length, 1];
  return f.emit(o.op, [inner.operands[0]!, f.builder.constant(f.fold('mul', w, { shape, data: channels }))], o.attrs);
};

/** (x + c) W = x W + c W for matrix products: an offset of the input needs no rounding of its own. */
const offsetInputs: Rule = (o, f) => {
  if (o.op !== 'matmul') return undefined;
  const w = f.constant(o.operands[1]);
  const inner = f.producer(o.operands[0]!, 'add');
  const c = f.constant(inner?.operands[1]);
  if (inner === undefined || c === undefined || w === undefined || w.shape.length !== 2) return undefined;
  if (!sameShape(inner.operands[0]!.type.shape, inner.results[0]!.type.shape)) return undefined;
  const rank = inner.results[0]!.type.shape.length;
  const row = perAxis(c, rank, rank - 1);
  if (row === undefined) return undefined;
  const data = row.length === 1 ? new Float64Array(w.shape[0]!).fill(row[0]!) : row;
  const offset = f.fold('matmul', { shape: [w.shape[0]!], data }, w);
  return f.emit('add', [f.emit('matmul', [inner.operands[0]!, o.operands[1]!]), f.builder.constant(offset)]);
};

const RULES: readonly Rule[] = [constantsRight, associate, distribute, scaleWeights, scaleInputs, offsetInputs];

/**
 * The values of a constant that varies along one axis only, when broadcast against a tensor of the given rank: one value
 * per index of the axis, or a single one. Undefined if it varies along another axis or raises the rank.
 */
function perAxis(c: Tensor, rank: number, axis: number): Float64Array | undefined {
  if (c.shape.length > rank) return undefined;
  const at: Shape = [...new Array<number>(rank - c.shape.length).fill(1), ...c.shape];
  return at.every((d, i) => d === 1 || i === axis) ? Float64Array.from(c.data) : undefined;
}

export const fuse = definePass({
  name: 'fuse',
  doc: 'Moves constant factors and addends (batch normalization, input scaling) into the weights and biases around them.',
  options: {},
  needs: 'float',
  gives: 'float',
  run: (m, _options, cx) => fuseModule(m, cx.ops),
});
