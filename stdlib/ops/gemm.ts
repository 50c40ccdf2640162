// Matrix product with transposes, factors and an added matrix.

import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Value } from '../../compiler/ir/module.ts';
import { type AttrsOf, defineOp, type Emitter } from '../../compiler/ir/op.ts';
import { broadcastShapes, type Shape, sameShape, scalar, type Tensor } from '../../compiler/ir/tensor.ts';
import { applyViews, type View } from '../../compiler/ir/view.ts';
import { broadcastSteps } from '../gadgets/linear.ts';
import { flagAttribute, floatAttribute, operandOf } from '../onnx.ts';
import { type Bilinear, evaluateBilinear } from '../shared/bilinear.ts';
import { reals, weights } from '../shared/samples.ts';
import { badAttribute, floatOnly, floatResult, NUMBERS, showShape } from '../shared/types.ts';

const attrs = {
  alpha: { kind: 'float', default: 1, doc: 'Factor of the product.' },
  beta: { kind: 'float', default: 1, doc: 'Factor of the added matrix.' },
  transA: { kind: 'bool', default: false, doc: 'Transpose A first.' },
  transB: { kind: 'bool', default: false, doc: 'Transpose B first.' },
} as const;
type GemmAttrs = AttrsOf<typeof attrs>;

const swapped: View = { kind: 'transpose', perm: [1, 0] };

function product(a: GemmAttrs): Bilinear {
  return {
    a: a.transA ? [swapped] : [],
    b: a.transB ? [swapped] : [],
    spec: { a: 'mk', b: 'kn', out: 'mn' },
    result: [],
  };
}

/** Shape of the result. @throws Diagnostic `bad-shape`. */
function resultShape(a: Shape, b: Shape, c: Shape | undefined, attr: GemmAttrs): Shape {
  if (a.length !== 2 || b.length !== 2)
    throw new Diagnostic('bad-shape', `gemm expects matrices, got ${showShape(a)} and ${showShape(b)}`);
  const [m, k] = attr.transA ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [inner, n] = attr.transB ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
  if (k !== inner)
    throw new Diagnostic(
      'bad-shape',
      `gemm of ${showShape(a)}${attr.transA ? ' transposed' : ''} and ${showShape(b)}${attr.transB ? ' transposed' : ''}: inner dimensions ${k} and ${inner} differ`,
    );
  if (c !== undefined && !sameShape(broadcastShapes(c, [m, n]), [m, n]))
    throw new Diagnostic('bad-shape', `gemm: C of shape ${showShape(c)} does not broadcast to [${m}, ${n}]`, {
      field: 'C',
    });
  return [m, n];
}

/** k * x; a constant operand takes the factor, so that it costs nothing. */
function timesFactor(e: Emitter, x: Value, k: number): Value {
  if (k === 1) return x;
  const element = x.type.kind === 'float' ? x.type.element : 'f32';
  return e.emit('mul', [x, e.constant(scalar(k), element)])[0]!;
}

function expanded(e: Emitter, [a, b, c]: readonly Value[], attr: GemmAttrs): Value {
  const transposed = (x: Value): Value => e.emit('transpose', [x], { perm: [1, 0] })[0]!;
  const left = attr.transA ? transposed(a!) : a!;
  const right = attr.transB ? transposed(b!) : b!;
  const scaleLeft = e.constantOf(left) !== undefined;
  const [x, y] = scaleLeft
    ? [timesFactor(e, left, attr.alpha), right]
    : [left, e.constantOf(right) === undefined ? right : timesFactor(e, right, attr.alpha)];
  const bare = e.emit('matmul', [x, y])[0]!;
  const result = scaleLeft || e.constantOf(right) !== undefined ? bare : timesFactor(e, bare, attr.alpha);
  if (c === undefined || attr.beta === 0) return result;
  return e.emit('add', [result, timesFactor(e, c, attr.beta)])[0]!;
}

/** alpha * A * B + beta * C. ONNX Gemm. */
export const gemm = defineOp({
  name: 'gemm',
  doc: 'alpha * A * B + beta * C for matrices A and B, each transposed if asked; C broadcasts to the product.',
  operands: ['a', 'b', 'c?'],
  results: ['y'],
  attrs,
  quantization: { kind: 'none' },
  infer(types, cx) {
    const { alpha, beta } = cx.attrs;
    const [a] = floatOnly('gemm', types, NUMBERS);
    if (a!.element === 'i64' && !(Number.isInteger(alpha) && Number.isInteger(beta)))
      throw badAttribute('gemm', 'alpha', 'whole numbers alpha and beta for whole matrices', [alpha, beta]);
    return [floatResult('gemm', resultShape(a!.shape, types[1]!.shape, types[2]?.shape, cx.attrs), a!.element)];
  },
  evalFloat([a, b, c], cx) {
    const y = evaluateBilinear(product(cx.attrs), a!, b!);
    const added: Tensor | undefined = c === undefined ? undefined : applyViews(c, ...broadcastSteps(c.shape, y.shape));
    const { alpha, beta } = cx.attrs;
    return [{ shape: y.shape, data: Float64Array.from(y.data, (v, i) => alpha * v + beta * (added?.data[i] ?? 0)) }];
  },
  expand: (operands, cx) => [expanded(cx.emitter, operands, cx.attrs)],
  onnx: [
    {
      opType: 'Gemm',
      since: [6, 7, 9, 11, 13],
      // Opset 6 has to ask for broadcasting; a C that needs it without asking has one meaning all the same.
      attributes: ['alpha', 'beta', 'transA', 'transB', 'broadcast'],
      inputs: [2, 3],
      import(n, e) {
        const c = n.operands[2];
        return e.emit('gemm', [operandOf(n, 0, 'A'), operandOf(n, 1, 'B'), ...(c === undefined ? [] : [c])], {
          alpha: floatAttribute(n, 'alpha', 1),
          beta: floatAttribute(n, 'beta', 1),
          transA: flagAttribute(n, 'transA', 0),
          transB: flagAttribute(n, 'transB', 0),
        });
      },
    },
  ],
  samples: [
    {
      name: 'layer',
      attrs: { transB: true },
      operands: [reals([1, 4]), reals([3, 4]), reals([3])],
      constants: new Map([
        [1, weights([3, 4])],
        [2, weights([3])],
      ]),
    },
    {
      name: 'factors',
      attrs: { alpha: 0.5, beta: 0.25, transA: true },
      operands: [reals([4, 2]), reals([4, 3]), reals([2, 1])],
      constants: new Map([[0, weights([4, 2])]]),
    },
    { name: 'two activations', attrs: { alpha: -2 }, operands: [reals([2, 3]), reals([3, 2])] },
    { name: 'scalar', attrs: { beta: 3 }, operands: [reals([2, 3]), reals([3, 2]), reals([])] },
  ],
});
