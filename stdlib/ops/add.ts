// Addition with NumPy broadcasting.
import { defineOp } from '../../compiler/ir/op.ts';
import { powerOfTwo, rational } from '../../compiler/ir/rational.ts';
import { linearCombination } from '../shared/linear-combination.ts';
import { arithmeticImport } from '../shared/onnx-import.ts';
import { int8, ints, weights } from '../shared/samples.ts';
import { elementwiseTile } from '../shared/tiles.ts';

/** x + y; operands of unlike scales are aligned exactly. ONNX Add. */
export const add = defineOp({
  name: 'add',
  doc: 'Sum of two tensors, broadcast as in NumPy. Integers of unlike scales are multiplied to a common one first, exactly.',
  operands: ['x', 'y'],
  results: ['sum'],
  ...linearCombination('add', 1),
  tile: elementwiseTile,
  onnx: [arithmeticImport('Add', 'add')],
  samples: [
    { name: 'same shape', operands: [int8([2, 3]), int8([2, 3])] },
    {
      name: 'bias',
      operands: [int8([1, 3, 2, 2]), ints([3, 1, 1], -2000, 2000)],
      constants: new Map([[1, weights([3, 1, 1], -2000, 2000)]]),
    },
    { name: 'both broadcast', operands: [int8([3, 1]), int8([1, 4])] },
    { name: 'scalar', operands: [int8([]), int8([5])] },
    { name: 'unlike scales', operands: [int8([4], powerOfTwo(-7)), int8([4], powerOfTwo(-4))] },
    { name: 'scales without a common power', operands: [int8([4], rational(1, 6)), int8([4], rational(1, 10))] },
  ],
});
