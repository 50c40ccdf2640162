// A plugin with one pass: every relu becomes a relu6, min(max(x, 0), 6), as models for small devices use.
import { definePlugin } from 'zkmlc';
import { definePass, rewriteModule } from 'zkmlc/ir';

export const relu6 = definePass({
  name: 'relu6',
  doc: 'Replaces each relu by a clip to [0, max].',
  options: { max: { kind: 'float', doc: 'upper end of the clip', default: 6 } },
  needs: 'float',
  gives: 'same',
  run: (module, { max }, { ops }) =>
    rewriteModule(module, ops, (operation, builder) =>
      operation.op === 'relu' ? builder.emit('clip', operation.operands, { min: 0, max }) : undefined,
    ),
});

export default definePlugin({ name: 'relu6-example', passes: [relu6] });
