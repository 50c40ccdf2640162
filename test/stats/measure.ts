// Measures what operators and example models cost, for the table that is pinned in constraints.csv.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createCompiler } from '../../compiler/index.ts';
import { BN254, type Capabilities, type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { count } from '../../compiler/ir/interpret/count.ts';
import { lowerModule } from '../../compiler/ir/lower.ts';
import type { Module } from '../../compiler/ir/module.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';
import { corpusOptions } from '../../scripts/corpus/load.ts';
import { candidates, readExceptions } from '../../scripts/corpus/models.ts';
import { standardOps, standardRegistry } from '../../stdlib/index.ts';
import { activationSamples, isIntegerSample, moduleOf } from '../kits/ops-kit.ts';

/** Costs of one circuit on one target, under the name `operator: sample` or `model`. */
export interface Cost {
  readonly name: string;
  readonly target: string;
  /** Rank-1 rows and variables; undefined for targets with lookups. */
  readonly rows: number | undefined;
  readonly variables: number | undefined;
  /** Elements looked up. */
  readonly lookups: number;
  /** Elements committed by hints. */
  readonly hints: number;
}

const TARGETS: readonly Capabilities[] = [BN254, KOALABEAR];
/** Example models whose batch is a dynamic dimension. */
const DYNAMIC = new Set(['digits-linear', 'sensor-regression']);
const ROOT = join(import.meta.dirname, '..', '..');
const HEADER = 'name,target,rows,variables,lookups,hints';

function costOf(name: string, c: Circuit): Cost {
  const { rows, variables } = c.target.lookups ? { rows: undefined, variables: undefined } : count(c).total;
  let [lookups, hints] = [0, 0];
  for (const i of c.instrs) {
    if (i.op === 'lookup') lookups += sizeOf(c.wires[i.in]!.shape);
    if (i.op === 'hint') for (const w of i.out) hints += sizeOf(c.wires[w]!.shape);
  }
  return { name, target: c.target.name, rows, variables, lookups, hints };
}

/** The module on each target that can hold it. */
function costsOf(name: string, m: Module): Cost[] {
  return TARGETS.flatMap((target) => {
    try {
      return [costOf(name, lowerModule(m, standardRegistry, target))];
    } catch (e) {
      if (e instanceof Diagnostic && ['field-overflow', 'table-too-large'].includes(e.code)) return [];
      throw e;
    }
  });
}

/** Every sample of every operator of the integer stage; activations as the tables of requantizations. */
export function operatorCosts(): Cost[] {
  const requant = standardRegistry.get('requant')!;
  return standardOps.flatMap((def) => [
    ...def.samples.filter(isIntegerSample).flatMap((s) => {
      const { module } = moduleOf(def, s, standardRegistry, 'int', (b, x) => b.emit(def.name, x, s.attrs));
      return costsOf(`${def.name}: ${s.name}`, module);
    }),
    ...activationSamples(def).flatMap((s) => {
      const { module } = moduleOf(requant, s, standardRegistry, 'int', (b, x) => b.emit('requant', x, s.attrs));
      return costsOf(`requant: ${s.name}`, module);
    }),
  ]);
}

/** Every example model at 8 bits, calibrated with its own samples. */
export async function modelCosts(): Promise<Cost[]> {
  const folder = join(ROOT, 'examples', 'models');
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'model.onnx')));
  const compiler = createCompiler();
  const costs: Cost[] = [];
  for (const name of names.sort()) {
    const { int } = await compiler.load({
      model: join(folder, name, 'model.onnx'),
      calibration: join(folder, name, 'calibration.npz'),
      dims: new Map(DYNAMIC.has(name) ? [['batch', 1]] : []),
    });
    costs.push(...costsOf(name, int));
  }
  return costs;
}

/** Where the corpus lies, next to the project; it is not part of it. */
export const CORPUS = join(ROOT, '..', 'shared', 'corpus');

/** Every model of the corpus that compiles, at 8 bits as rank-1 rows: tables for lookups are larger than such a model needs. */
export async function corpusCosts(): Promise<Cost[]> {
  const compiler = createCompiler();
  const { refused } = readExceptions();
  const costs: Cost[] = [];
  for (const m of candidates(CORPUS, compiler.registries.ops)) {
    if (refused.has(m.name)) continue;
    const { int } = await compiler.load(corpusOptions(m, 8));
    costs.push(costOf(m.name, lowerModule(int, standardRegistry, BN254)));
  }
  return costs;
}

/** The table as it is committed. */
export function toCsv(costs: readonly Cost[]): string {
  const lines = costs.map((c) => {
    const name = /[",]/.test(c.name) ? `"${c.name.replaceAll('"', '""')}"` : c.name;
    return [name, c.target, c.rows ?? '', c.variables ?? '', c.lookups, c.hints].join(',');
  });
  return `${[HEADER, ...lines].join('\n')}\n`;
}
