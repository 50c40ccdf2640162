// Subtraction with NumPy broadcasting.
import { defineOp } from '../../compiler/ir/op.ts';
import { powerOfTwo, rational } from '../../compiler/ir/rational.ts';
import { linearCombination } from '../shared/linear-combination.ts';
import { arithmeticImport } from '../shared/onnx-import.ts';
import { int8, ints, weights } from '../shared/samples.ts';
import { elementwiseTile } from '../shared/tiles.ts';

/** x - y; operands of unlike scales are aligned exactly. ONNX Sub. */
export const sub = defineOp({
  name: 'sub',
  doc: 'Difference of two tensors, broadcast as in NumPy. Integers of unlike scales are multiplied to a common one first, exactly.',
  operands: ['x', 'y'],
  results: ['difference'],
  ...linearCombination('sub', -1),
  tile: elementwiseTile,
  onnx: [arithmeticImport('Sub', 'sub')],
  samples: [
    { name: 'same shape', operands: [int8([2, 3]), int8([2, 3])] },
    {
      name: 'constant first',
      operands: [ints([2, 1], 0, 255), int8([2, 3])],
      constants: new Map([[0, weights([2, 1], 0, 255)]]),
    },
    { name: 'scalar', operands: [int8([5]), int8([])] },
    { name: 'unlike scales', operands: [int8([4], powerOfTwo(-2)), int8([4], rational(3, 8))] },
  ],
});
