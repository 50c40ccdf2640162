// The models of the corpus that use only operators we have, and what is stated about each for compiling it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findImporters } from '../../compiler/frontend/operators.ts';
import type { OpRegistry } from '../../compiler/ir/op.ts';

export interface CorpusModel {
  readonly name: string;
  readonly folder: string;
  readonly classify: boolean;
  /** Convolutions, matrix products and their like. */
  readonly linearLayers: number;
  /** Elements through non-linear operators. */
  readonly nonlinear: number;
  readonly inputElements: number;
  readonly testSets: readonly {
    readonly dir: string;
    readonly inputShapes: Readonly<Record<string, readonly number[]>>;
  }[];
}

interface ManifestModel {
  readonly name: string;
  readonly expect: string;
  readonly task?: string;
  readonly ops: Readonly<Record<string, number>>;
  readonly nonlinear_elems?: Readonly<Record<string, number>>;
  readonly test_sets?: readonly {
    readonly dir: string;
    readonly input_shapes: Readonly<Record<string, readonly number[]>>;
  }[];
}

const LINEAR = ['Conv', 'Gemm', 'MatMul'];

export function candidates(corpus: string, ops: OpRegistry): CorpusModel[] {
  const manifest = JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8')) as {
    models: readonly ManifestModel[];
  };
  const importers = findImporters(ops);
  return manifest.models
    .filter(
      (m) =>
        m.expect === 'compile' && Object.keys(m.ops).every((op) => importers.has(op)) && (m.test_sets?.length ?? 0) > 0,
    )
    .map((m) => {
      const testSets = m.test_sets!.map((s) => ({ dir: s.dir, inputShapes: s.input_shapes }));
      const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
      return {
        name: m.name,
        folder: join(corpus, m.name),
        classify: m.task === 'classify',
        linearLayers: sum(LINEAR.map((op) => m.ops[op] ?? 0)),
        nonlinear: sum(Object.values(m.nonlinear_elems ?? {})),
        inputElements: sum(Object.values(testSets[0]!.inputShapes).map((s) => s.reduce((a, b) => a * b, 1))),
        testSets,
      };
    });
}

/** What a user of the model would state: input ranges, a margin, or that samples are drawn from the ranges. */
export interface ModelOptions {
  readonly ranges: ReadonlyMap<string, readonly [number, number]>;
  readonly margin?: number;
  readonly drawn: boolean;
}

const folder = new URL('../../test/corpus/', import.meta.url);

export function optionsOf(name: string): ModelOptions {
  const all = JSON.parse(readFileSync(new URL('options.json', folder), 'utf8')) as Readonly<
    Record<
      string,
      {
        readonly ranges?: Readonly<Record<string, readonly [number, number]>>;
        readonly margin?: number;
        readonly drawn?: boolean;
      }
    >
  >;
  const own = all[name];
  return {
    ranges: new Map(Object.entries(own?.ranges ?? {})),
    drawn: own?.drawn === true,
    ...(own?.margin !== undefined && { margin: own.margin }),
  };
}

/** Exceptions to what is promised, each with a figure and a cause; the list may only shrink. */
export interface Exceptions {
  /** Largest error at 8 bits, as a fraction, by model. */
  readonly error: ReadonlyMap<string, number>;
  /** `model@bits` whose classes need not agree. */
  readonly classification: ReadonlySet<string>;
  /** Models that are refused although their operators are known. */
  readonly refused: ReadonlySet<string>;
}

export function readExceptions(): Exceptions {
  const list = JSON.parse(readFileSync(new URL('exceptions.json', folder), 'utf8')) as {
    readonly error: readonly { readonly model: string; readonly atMost: number }[];
    readonly classification: readonly { readonly model: string; readonly bits: number }[];
    readonly refused: readonly { readonly model: string }[];
  };
  return {
    error: new Map(list.error.map((e) => [e.model, e.atMost])),
    classification: new Set(list.classification.map((e) => `${e.model}@${e.bits}`)),
    refused: new Set(list.refused.map((e) => e.model)),
  };
}
