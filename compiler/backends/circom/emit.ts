// Emits a circuit as readable Circom 2: one template per operator, constants in a file of their own, the main template last.
import type { Circuit } from '../../ir/circuit.ts';
import { Diagnostic } from '../../ir/diagnostics.ts';
import type { CircomInput } from '../../ir/iden3/circom-inputs.ts';
import { SCALAR_FIELD } from '../../ir/iden3/scalar-field.ts';
import { LIBRARY_NAMES, type LibraryFile, libraryClosure } from './library.ts';
import { constantFunction, literals } from './literals.ts';
import { mainTemplate } from './main-template.ts';
import { commentName, createNames, describeOrigin, originOf, pascalCase } from './names.ts';
import { type Block, partition } from './partition.ts';
import { tableTemplate } from './proofs.ts';
import { blockBody, type FileContext } from './template.ts';

export interface CircomSource {
  /** Text of the file that declares `main`. */
  readonly main: string;
  /** Text of `constants.circom`, which `main` includes; undefined if there are no large constants. */
  readonly constants: string | undefined;
  /** Files of the library that must lie at `zkmlc/NAME.circom`. */
  readonly library: readonly LibraryFile[];
  readonly inputs: readonly CircomInput[];
}

export interface EmitOptions {
  /** Name of the model, for the head comment. */
  readonly model?: string;
}

const PRAGMA = 'pragma circom 2.2.0;';

/**
 * Deterministic. Public signals come in the order of `publicSignals`.
 * @throws Diagnostic `unsupported-target` if the circuit was recorded for another field or with lookups and gathers.
 */
export function emitCircom(c: Circuit, options: EmitOptions = {}): CircomSource {
  if (c.target.modulus !== SCALAR_FIELD || c.instrs.some((i) => i.op === 'gather'))
    throw new Diagnostic(
      'unsupported-target',
      `Circom needs a circuit for bn254 without private gathers, got one for ${c.target.name}: lower the module for bn254`,
    );
  const parts = partition(c);
  const library = new Set<LibraryFile>();
  const globals = createNames({ has: (name) => LIBRARY_NAMES.has(name) });
  const functions = new Map<string, { readonly name: string; readonly text: string }>();
  const tables = new Map<string, { readonly name: string; readonly text: string }>();
  const file: FileContext = {
    circuit: c,
    fixed: parts.fixed,
    literals: literals(c, parts.fixed),
    definedBy: parts.definedBy,
    sameAs: parts.sameAs,
    ranges: parts.ranges,
    use: (f) => library.add(f),
    constantFunction(t, digest, origin) {
      const have = functions.get(digest);
      if (have !== undefined) return have.name;
      const name = globals.take(...origin);
      functions.set(digest, { name, text: constantFunction(name, t) });
      return name;
    },
    tableTemplate(digest) {
      const have = tables.get(digest);
      if (have !== undefined) return have.name;
      const t = c.tables.get(digest)!;
      if (t.kind !== 'data') throw new RangeError(`table ${t.name}: expected data`);
      const name = globals.take(`${pascalCase(t.name)}Table`);
      library.add('table');
      const values = {
        shape: [t.columns.length, t.columns[0]!.data.length],
        data: concatenated(t.columns.map((x) => x.data)),
      };
      const entries = file.constantFunction(values, digest, [name, 'values']);
      tables.set(digest, { name, text: tableTemplate(name, entries, t) });
      return name;
    },
  };
  const templates = createTemplates(file, globals);
  const model = mainTemplate(file, parts, templates.nameFor);
  const mainName = globals.take('Model');
  const constants = [...functions.values()].map((f) => f.text);
  const publicInputs = model.publicInputs.length === 0 ? '' : ` {public [${model.publicInputs.join(', ')}]}`;
  const main = [
    `// ${options.model === undefined ? 'A model' : `Model ${commentName(options.model)}`} as an arithmetic circuit, emitted by zkmlc. Tensors are whole numbers, row-major.\n${PRAGMA}\n`,
    [
      ...(constants.length > 0 ? ['include "constants.circom";\n'] : []),
      ...[...library].sort().map((f) => `include "zkmlc/${f}.circom";\n`),
    ].join(''),
    ...[...tables.values()].map((t) => `${t.text}\n`),
    ...templates.texts(),
    `template ${mainName}() {\n${model.text}}\n`,
    `component main${publicInputs} = ${mainName}();\n`,
  ];
  return {
    main: main.filter((t) => t !== '').join('\n'),
    constants:
      constants.length === 0
        ? undefined
        : `// Constants of the circuit: weights and tables.\n${PRAGMA}\n\n${constants.join('\n')}`,
    library: libraryClosure(library),
    inputs: model.inputs,
  };
}

function concatenated(columns: readonly ArrayLike<number>[]): Float64Array {
  const out = new Float64Array(columns.reduce((n, c) => n + c.length, 0));
  let at = 0;
  for (const column of columns) {
    out.set(column, at);
    at += column.length;
  }
  return out;
}

interface Templates {
  /** Name of the template of a block; blocks with equal text share one. */
  readonly nameFor: (block: Block) => string;
  readonly texts: () => readonly string[];
}

function createTemplates(file: FileContext, globals: { take(...parts: readonly string[]): string }): Templates {
  const byBody = new Map<string, { readonly name: string; readonly op: string; readonly nodes: string[] }>();
  return {
    nameFor(block) {
      const { node, op } = originOf(block.scope);
      const body = blockBody(file, block, [node, op]);
      const have = byBody.get(body);
      if (have !== undefined) {
        have.nodes.push(node);
        return have.name;
      }
      const name = globals.take(pascalCase(op) || 'Block', node);
      byBody.set(body, { name, op, nodes: [node] });
      return name;
    },
    texts: () =>
      [...byBody].map(([body, t]) => `// ${describeOrigin(t.op, t.nodes)}\ntemplate ${t.name}() {\n${body}}\n`),
  };
}
