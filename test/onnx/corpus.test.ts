// Real models: those whose operators are supported give the expected outputs in float, the others are refused by node.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateModule } from '../../compiler/evaluate.ts';
import { readModelFile } from '../../compiler/frontend/onnx/read-model.ts';
import { findImporters } from '../../compiler/frontend/operators.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { standardRegistry } from '../../stdlib/index.ts';
import {
  corpus,
  corpusExists,
  dataFiles,
  importFor,
  readProto,
  relativeError,
  testInputs,
  withoutCorpus,
} from './test-data.ts';

/** Models beyond this many multiplications are imported, but not evaluated here. */
const MAX_MACS = 5e6;

/** Expected outputs are float32 and ours float64: the deviation relative to the largest output. */
const TOLERANCE = 1e-5;

/** Supported operators, but used in a way that is not: the code of the refusal. */
const refused: ReadonlyMap<string, string> = new Map([['embedding_pytorch', 'not-constant']]);

/** Fewest models of the corpus whose operators are all supported. */
const SUPPORTED = 38;

interface Entry {
  readonly name: string;
  readonly expect: string;
  readonly macs?: number;
  readonly ops?: Readonly<Record<string, number>>;
  readonly test_sets?: readonly { readonly dir: string; readonly output_names: readonly string[] }[];
}

const entries: readonly Entry[] = corpusExists
  ? JSON.parse(readFileSync(`${corpus}/manifest.json`, 'utf8')).models
  : [];
const importers = findImporters(standardRegistry);
const isSupported = (m: Entry): boolean =>
  m.expect === 'compile' && Object.keys(m.ops ?? {}).every((op) => importers.has(op));

function refusal(run: () => unknown): Diagnostic {
  try {
    run();
  } catch (e) {
    if (e instanceof Diagnostic) return e;
    throw e;
  }
  throw new Error('expected a refusal');
}

describe.skipIf(!corpusExists)(`corpus${withoutCorpus}`, () => {
  it('covers the models that use supported operators only', () => {
    expect(entries.filter(isSupported).length).toBeGreaterThanOrEqual(SUPPORTED);
  });

  for (const m of entries.filter((each) => isSupported(each) && !refused.has(each.name)))
    it(`${m.name}: outputs as expected`, () => {
      const path = `${corpus}/${m.name}/model.onnx`;
      const { model } = readModelFile(path);
      const sets = (m.test_sets ?? []).map((set) => ({ ...set, folder: `${corpus}/${m.name}/${set.dir}` }));
      expect(sets.length).toBeGreaterThan(0);
      for (const { folder, output_names } of (m.macs ?? 0) > MAX_MACS ? sets.slice(0, 1) : sets) {
        const inputs = testInputs(model, folder);
        const { module, outputs } = importFor(path, model, inputs);
        if ((m.macs ?? 0) > MAX_MACS) return;
        const found = evaluateModule(module, standardRegistry, inputs);
        const expected = dataFiles(folder, 'output');
        expect(expected.length).toBe(output_names.length);
        for (const [i, name] of output_names.entries()) {
          const { tensor } = readProto(expected[i]!);
          expect(found.get(name)!.shape, name).toEqual(tensor.shape);
          expect(relativeError(found.get(name)!, tensor), `${name} of ${folder}`).toBeLessThan(TOLERANCE);
        }
        expect(outputs.map((o) => o.name)).toEqual(model.graph.outputs.map((o) => o.name));
      }
    });

  for (const m of entries.filter((each) => !isSupported(each) || refused.has(each.name)))
    it(`${m.name}: refused by name`, () => {
      const path = `${corpus}/${m.name}/model.onnx`;
      const found = refusal(() => {
        const { model } = readModelFile(path);
        const set = m.test_sets?.[0]?.dir;
        importFor(path, model, set === undefined ? new Map() : testInputs(model, `${corpus}/${m.name}/${set}`));
      });
      expect(found.where.file).toBe(path);
      expect(found.where.node ?? found.where.field, found.message).toBeDefined();
      if (refused.has(m.name)) expect(found.code).toBe(refused.get(m.name));
      if (m.expect !== 'compile' || found.code !== 'unsupported-operators') return;
      const unsupported = Object.entries(m.ops ?? {}).filter(([op]) => !importers.has(op));
      const nodes = unsupported.reduce((n, [, count]) => n + count, 0);
      expect(found.others.length).toBeLessThanOrEqual(nodes);
      expect(new Set(found.others.map((o) => o.where.node)).size).toBe(found.others.length);
    });
});
