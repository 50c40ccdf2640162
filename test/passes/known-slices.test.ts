// Slicings of modules that were cut before: found again from names of operations and shapes of boundaries.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCompiler, type KnownSlices, type Module, readModuleText, type Slicing } from '../../compiler/index.ts';
import { printModule } from '../../compiler/ir/text/printer.ts';
import { rows } from '../../compiler/passes/cost/rows.ts';
import { sliceModule, slicingOfOperations } from '../../compiler/passes/slice/index.ts';
import { standardRegistry } from '../../stdlib/index.ts';
import { ROOT } from '../laws/source-files.ts';

const cx = { ops: standardRegistry, costModel: rows };
const operationsOf = ({ slices }: Slicing): KnownSlices['operations'] =>
  slices.map((s) => s.operations.map((i) => int.operations[i]!).map((o) => ({ node: o.loc.node || o.op, op: o.op })));

/** A model with residuals, after it was printed and read: names of values are others then. */
let int: Module;
beforeAll(async () => {
  const folder = join(ROOT, 'examples', 'models', 'digits-resnet');
  const loaded = await createCompiler().load({
    model: join(folder, 'model.onnx'),
    calibration: join(folder, 'calibration.npz'),
  });
  int = await readModuleText(printModule(loaded.int), standardRegistry, { file: 'int.zk' });
});

describe.each([1, 2, 3, 4, 5, 7, 10])('%i slices', (slices) => {
  test('operations, tensors and predictions are those of the cut', () => {
    const cut = sliceModule(int, { objective: { kind: 'largest' }, limits: { slices } }, cx);
    const found = slicingOfOperations(int, { operations: operationsOf(cut), tensors: cut.tensors }, cx);
    expect(found.slices).toEqual(cut.slices);
    expect(found.tensors).toEqual(cut.tensors);
    expect(found.report).toMatchObject({ optimality: 'manual', total: cut.report.total, largest: cut.report.largest });
  });
});

test('slices of another model are refused', () => {
  const cut = sliceModule(int, { objective: { kind: 'largest' }, limits: { slices: 3 } }, cx);
  const known = { operations: operationsOf(cut), tensors: cut.tensors };
  for (const wrong of [
    { ...known, tensors: cut.tensors.slice(1) },
    { ...known, tensors: cut.tensors.map((t) => ({ ...t, shape: [...t.shape, 1] })) },
    { ...known, tensors: cut.tensors.map((t) => ({ ...t, consumers: [] })) },
    { ...known, operations: [...known.operations].reverse() },
    { ...known, operations: known.operations.map((n) => n.slice(1)) },
  ])
    expect(() => slicingOfOperations(int, wrong, cx)).toThrow(expect.objectContaining({ code: 'unknown-slices' }));
});
