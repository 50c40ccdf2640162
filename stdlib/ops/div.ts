// Division by a constant.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { broadcastShapes, type Shape, sameShape, type Tensor } from '../../compiler/ir/tensor.ts';
import { floatType } from '../../compiler/ir/types.ts';
import { applyViews } from '../../compiler/ir/view.ts';
import { broadcastSteps } from '../gadgets/linear.ts';
import { arithmeticImport } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';
import { floatOnly, floatResult, NUMBERS } from '../shared/types.ts';

/** @throws Diagnostic `unsupported-division`, `division-by-zero`. */
function checkDivisor(divisor: Tensor | undefined): void {
  if (divisor === undefined)
    throw new Diagnostic(
      'unsupported-division',
      'the divisor depends on the inputs of the model; only division by constants is supported',
      { field: 'B' },
    );
  const zero = divisor.data.findIndex((v: number) => v === 0 || Number.isNaN(v));
  if (zero >= 0)
    throw new Diagnostic('division-by-zero', `element ${zero} of the divisor is ${divisor.data[zero]}`, { field: 'B' });
}

/** The divisor of whole numbers if all its elements are the same, else undefined. */
function uniformDivisor(divisor: Tensor): number | undefined {
  const [first] = divisor.data;
  return divisor.data.every((v: number) => v === first) ? first : undefined;
}

function quotients(x: Tensor, y: Tensor, shape: Shape, whole: boolean): Tensor {
  const xs = applyViews(x, ...broadcastSteps(x.shape, shape)).data;
  const ys = applyViews(y, ...broadcastSteps(y.shape, shape)).data;
  return { shape, data: Float64Array.from(xs, (v, i) => (whole ? Math.trunc(v / ys[i]!) + 0 : v / ys[i]!)) };
}

/** x / y for constant y. ONNX Div: whole numbers are rounded toward zero. */
export const div = defineOp({
  name: 'div',
  doc: 'Quotient by a constant, broadcast as in NumPy; whole numbers are rounded toward zero.',
  operands: ['x', 'y'],
  results: ['quotient'],
  attrs: {},
  quantization: { kind: 'none' },
  infer(types, cx) {
    const [x, y] = floatOnly('div', types, NUMBERS);
    const divisor = cx.constant(1);
    checkDivisor(divisor);
    const shape = broadcastShapes(x!.shape, y!.shape);
    const folds = cx.constant(0) !== undefined;
    if (x!.element === 'i64' && !folds && uniformDivisor(divisor!) === undefined)
      throw new Diagnostic('unsupported-division', 'whole numbers can be divided by a single constant only', {
        field: 'B',
      });
    return [floatResult('div', shape, x!.element)];
  },
  evalFloat([x, y], cx) {
    const [result] = cx.results;
    return [quotients(x!, y!, result!.shape, result!.kind === 'float' && result!.element === 'i64')];
  },
  expand([x, y], { emitter: e }) {
    const divisor = e.constantOf(y!);
    checkDivisor(divisor);
    const type = x!.type;
    if (type.kind === 'int' || type.element !== 'i64') {
      const reciprocal = { shape: divisor!.shape, data: Float64Array.from(divisor!.data, (v) => 1 / v) };
      return e.emit('mul', [x!, e.constant(reciprocal)]);
    }
    const by = uniformDivisor(divisor!) ?? 1;
    const [quotient] = e.emit('truncate', [x!], { divisor: Math.abs(by) });
    const [signed] = by < 0 ? e.emit('neg', [quotient!]) : [quotient!];
    const shape = broadcastShapes(type.shape, divisor!.shape);
    return sameShape(shape, type.shape) ? [signed!] : e.emit('expand', [signed!], { shape });
  },
  onnx: [arithmeticImport('Div', 'div')],
  samples: [
    {
      name: 'powers of two',
      operands: [reals([2, 3]), reals([3])],
      constants: new Map([[1, { shape: [3], data: Float64Array.of(2, -4, 0.5) }]]),
    },
    {
      name: 'no exact reciprocal',
      operands: [reals([4]), reals([])],
      constants: new Map([[1, { shape: [], data: Float64Array.of(3) }]]),
    },
    {
      name: 'whole numbers',
      operands: [floatType([2, 3], 'i64', [-20, 20]), floatType([1], 'i64')],
      constants: new Map([[1, { shape: [1], data: Float64Array.of(-3) }]]),
    },
    {
      name: 'whole numbers, broadcast divisor',
      operands: [floatType([3], 'i64', [-20, 20]), floatType([2, 1], 'i64')],
      constants: new Map([[1, { shape: [2, 1], data: Float64Array.of(4, 4) }]]),
    },
  ],
});
