// tile: divides the layer of a node by hand. Slicing under limits chooses layers, axes and numbers of tiles itself.
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import { definePass } from '../../ir/pass.ts';
import { normalizeAxis } from '../../ir/tensor.ts';
import { indivisibleGroups } from '../slice/groups.ts';
import { groupsWithOutputs } from './plan-tile.ts';
import { evenSizes, tileGroups } from './tile-groups.ts';

export const tile = definePass({
  name: 'tile',
  doc: 'Divides a layer, with the rounding that belongs to it, into tiles: operations on parts of its operands, which slices can be cut between.',
  options: {
    node: { kind: 'string', doc: 'node of the layer' },
    axis: { kind: 'int', doc: 'axis of its result along which it is divided; negative ones count from the end' },
    tiles: { kind: 'int', doc: 'number of tiles', default: 2 },
  },
  needs: 'int',
  gives: 'int',
  run(m, { node, axis, tiles }, { ops }) {
    const refuse = (code: string, message: string): Diagnostic =>
      new Diagnostic(code, message, { node }, { kind: 'usage' });
    const groups = indivisibleGroups(m);
    const g = groups.findIndex((operations) => operations.some((i) => m.operations[i]!.loc.node === node));
    if (g < 0) throw refuse('unknown-node', `tile: no node is called ${quote(node)} after quantization`);
    const [output, ...others] = groupsWithOutputs(m, groups)[g]!.outputs;
    if (output === undefined) throw refuse('bad-option', 'tile: nothing reads the results of this layer');
    const { shape } = output.type;
    const along = normalizeAxis(axis, shape.length);
    const n = shape[along]!;
    if (tiles < 2 || tiles > n || others.some((v) => v.type.shape[along] !== n))
      throw refuse('bad-option', `tile: axis ${axis} of [${shape.join(', ')}] cannot be divided into ${tiles} tiles`);
    return tileGroups(m, ops, groups, new Map([[g, { axis: along, sizes: evenSizes(n, tiles) }]]));
  },
});
