// Reads modules from text: the inverse of printer.ts. Types in the text are assertions that inference must confirm.
import { type IToken, Lexer } from 'chevrotain';
import { Diagnostic, throwAll } from '../diagnostics.ts';
import {
  type Location,
  type Module,
  type Operation,
  STAGES,
  type Stage,
  UNKNOWN_LOCATION,
  type Value,
} from '../module.ts';
import type { OpRegistry } from '../op.ts';
import { type Shape, sameShape, sizeOf, type Tensor } from '../tensor.ts';
import type { TensorType } from '../types.ts';
import { constantFaults, operationFaults, portNames, typeFaults } from '../verify.ts';
import {
  type ConstantSyntax,
  excerpt,
  type FileSyntax,
  ModuleGrammar,
  type NameSyntax,
  type OperationSyntax,
  type ResourceSyntax,
} from './grammar.ts';
import { impliedName } from './printer.ts';
import { createReader, type Reader, TooManyFaults } from './reader.ts';
import { readResource, resourceName } from './resources.ts';
import { OpenText, TOKENS } from './tokens.ts';

/** What reading a text needs besides the text. */
export interface ParseOptions {
  /** Path that errors name. */
  readonly file?: string;
  /** Tensors of resources that the text does not contain, by digest (64 hex digits, `tensorDigest`). */
  readonly resources?: ReadonlyMap<string, Tensor>;
}

/** Longest text, and longest text outside quoted strings (characters): it is for people and tests, data goes in files. */
const LONGEST_TEXT = 2 ** 28;
const LONGEST_STRUCTURE = 2 ** 24;

/**
 * The module that a text states. All faults are collected, each with file, line and column.
 * @throws Diagnostic `syntax-error`, `text-too-large`, `undefined-value`, `redefined-value`, `type-mismatch`,
 * `unknown-resource`, `corrupt-resource`, and whatever the verifier finds.
 */
export function parseModule(text: string, ops: OpRegistry, options: ParseOptions = {}): Module {
  const reader = createReader(options.file);
  try {
    const syntax = readSyntax(text, reader);
    throwAll(reader.faults);
    if (syntax !== undefined) {
      const m = build(syntax, ops, reader, options.resources ?? new Map());
      throwAll(reader.faults);
      return m;
    }
  } catch (e) {
    if (!(e instanceof TooManyFaults)) throw e;
  }
  throwAll(reader.faults);
  throw new Diagnostic('syntax-error', 'the text is no module');
}

// One lexer and one grammar for the process, made on first use: analysing the grammar takes some 20 ms.
let machine: { readonly lexer: Lexer; readonly grammar: ModuleGrammar } | undefined;

function readSyntax(text: string, r: Reader): FileSyntax | undefined {
  const start = point(1, 1);
  if (text.length > LONGEST_TEXT || structureLength(text) > LONGEST_STRUCTURE) {
    r.fault(
      start,
      'text-too-large',
      `at most ${LONGEST_TEXT} characters, ${LONGEST_STRUCTURE} of them outside strings, are read; keep large models in files`,
    );
    return undefined;
  }
  machine ??= { lexer: new Lexer([...TOKENS], { ensureOptimizations: true }), grammar: new ModuleGrammar() };
  const { tokens, errors } = machine.lexer.tokenize(text);
  const lexical = errors[0];
  if (lexical !== undefined) {
    const found = text.slice(lexical.offset, lexical.offset + Math.min(lexical.length, 20));
    r.fault(
      point(lexical.line ?? 1, lexical.column ?? 1),
      'syntax-error',
      `no token starts with ${JSON.stringify(found)}`,
    );
    return undefined;
  }
  machine.grammar.input = tokens;
  const syntax = machine.grammar.file();
  const error = machine.grammar.errors[0];
  machine.grammar.input = [];
  if (error === undefined) return syntax;
  // At the end of the text there is no token to point at: point after the last one.
  const last = tokens.at(-1);
  const at =
    Number.isFinite(error.token.startLine) || last === undefined
      ? error.token
      : point(last.endLine ?? 1, (last.endColumn ?? 0) + 1);
  r.fault(Number.isFinite(at.startLine) ? at : start, 'syntax-error', error.message);
  return undefined;
}

function point(line: number, column: number): IToken {
  return { image: '', startOffset: 0, startLine: line, startColumn: column, tokenTypeIdx: 0, tokenType: OpenText };
}

/** Characters outside quoted strings: they bound the number of tokens, before any token is made. */
function structureLength(text: string): number {
  let outside = 0;
  for (let at = 0; ; ) {
    const open = text.indexOf('"', at);
    if (open < 0) return outside + text.length - at;
    outside += open - at + 1;
    const close = text.indexOf('"', open + 1);
    if (close < 0) return outside;
    at = close + 1;
  }
}

function build(syntax: FileSyntax, ops: OpRegistry, r: Reader, external: ReadonlyMap<string, Tensor>): Module {
  const stage = readStage(syntax, r);
  const values = new Map<string, Value>();
  const define = ({ id, name }: NameSyntax, type: TensorType | undefined): Value | undefined => {
    if (values.has(id.image)) r.fault(id, 'redefined-value', `${excerpt(id)} is defined twice`);
    if (type === undefined) {
      // The type's fault is reported already; an entry keeps uses of the value from being reported as well.
      poisoned.add(id.image);
      return undefined;
    }
    const v = { name: name === undefined ? impliedName(id.image) : r.string(name), type };
    values.set(id.image, v);
    return v;
  };
  const poisoned = new Set<string>();
  const use = (id: IToken): Value | undefined => {
    const v = values.get(id.image);
    if (v === undefined && !poisoned.has(id.image))
      r.fault(id, 'undefined-value', `${excerpt(id)} is not defined before its use`);
    return v;
  };

  const inputs: Value[] = [];
  const constants = new Map<Value, Tensor>();
  const operations: Operation[] = [];
  const resources = createResources(syntax.resources, r, external);

  const inputFault = portNames('input');
  for (const { result, type } of syntax.inputs) {
    const v = define(result, r.type(type));
    if (v === undefined) continue;
    r.add(type.element, typeFaults(v.type, stage, 'the input'));
    inputs.push(v);
    r.add(result.id, inputFault(v.name));
  }
  const constant = (s: ConstantSyntax): void => {
    const type = r.type(s.type);
    const [v, ...more] = s.results.map((result) => define(result, type));
    if (more.length > 0) r.fault(s.results[1]!.id, 'syntax-error', 'a constant defines one value');
    if (v === undefined) return;
    r.add(s.type.element, typeFaults(v.type, stage, 'the constant'));
    const t =
      'items' in s.value
        ? dense(s.value.start, r.numbers(s.value), v.type.shape, r)
        : resources.get(s.value, v.type.shape);
    if (t === undefined) return;
    constants.set(v, t);
    r.add('items' in s.value ? s.value.start : s.value, constantFaults(v, t));
  };
  const operation = (s: OperationSyntax): void => {
    const operands = s.operands.map(use);
    const types = s.types.map((t) => r.type(t));
    const results = s.results.map((result, i) => define(result, types[i]));
    if (s.types.length !== s.results.length) {
      r.fault(s.op, 'type-mismatch', `${s.results.length} results but ${s.types.length} types`);
      return;
    }
    const attrs = r.attrs(s.attrs);
    if (!operands.every((v) => v !== undefined) || !results.every((v) => v !== undefined)) return;
    const loc = s.loc === undefined ? UNKNOWN_LOCATION : readLocation(s.loc, r);
    const o: Operation = { op: r.string(s.op), operands, results, attrs, loc };
    const found = operationFaults(o, stage, constants, ops);
    r.add(
      s.op,
      found.faults.map((d) => (loc.node === '' ? d : d.at({ node: loc.node }))),
    );
    operations.push({ ...o, attrs: found.attrs ?? attrs });
  };
  for (const s of syntax.body) s.kind === 'constant' ? constant(s) : operation(s);

  const outputs: { readonly name: string; readonly value: Value }[] = [];
  const outputFault = portNames('output');
  for (const { value, name } of syntax.outputs) {
    const v = use(value);
    if (v === undefined) continue;
    const output = { name: r.string(name), value: v };
    outputs.push(output);
    r.add(name, outputFault(output.name));
  }
  if (syntax.outputs.length === 0) r.fault(syntax.name, 'no-outputs', 'the module returns nothing');
  resources.finish();
  return { name: r.string(syntax.name), stage, inputs, outputs, constants, operations };
}

function readStage(syntax: FileSyntax, r: Reader): Stage {
  const attrs = r.attrs(syntax.attrs);
  const stage = STAGES.find((s) => s === attrs.stage);
  if (stage === undefined || Object.keys(attrs).length !== 1)
    r.fault(
      syntax.attrs[0]?.name ?? syntax.name,
      'bad-attribute',
      `a module has one attribute, stage = ${STAGES.map((s) => `"${s}"`).join(' or ')}`,
    );
  return stage ?? 'float';
}

function readLocation(s: NonNullable<OperationSyntax['loc']>, r: Reader): Location {
  const index = Number(s.index.image.slice(1));
  if (!Number.isSafeInteger(index)) r.fault(s.index, 'bad-number', `${excerpt(s.index)} is too large an index`);
  return { node: r.string(s.node), index };
}

function dense(at: IToken, data: readonly number[], shape: Shape, r: Reader): Tensor | undefined {
  if (data.length === sizeOf(shape)) return { shape, data: Float64Array.from(data) };
  r.fault(at, 'bad-constant', `shape [${shape.join(', ')}] expects ${sizeOf(shape)} elements, got ${data.length}`);
  return undefined;
}

interface Resources {
  get(name: IToken, shape: Shape): Tensor | undefined;
  /** Reports resources that no constant uses. */
  finish(): void;
}

function createResources(
  syntax: readonly ResourceSyntax[],
  r: Reader,
  external: ReadonlyMap<string, Tensor>,
): Resources {
  const byName = new Map<string, ResourceSyntax>();
  for (const s of syntax) {
    const name = r.string(s.digest);
    if (byName.has(name)) r.fault(s.digest, 'duplicate-resource', `the resource ${excerpt(s.digest)} is given twice`);
    byName.set(name, s);
  }
  const read = new Map<string, Tensor | undefined>();
  const load = (at: IToken, name: string, shape: Shape): Tensor | undefined => {
    const s = byName.get(name);
    if (s !== undefined)
      return r.guard(s.digest, 'corrupt-resource', () =>
        readResource(name, s.array.image, s.base64.image.slice(1, -1), shape),
      );
    const t = external.get(name.replace(/^sha256:/, ''));
    if (t === undefined) r.fault(at, 'unknown-resource', `the data of ${excerpt(at)} is neither in the text nor given`);
    else if (resourceName(t) !== name) r.fault(at, 'corrupt-resource', `the data given does not have this digest`);
    return t;
  };
  return {
    get(at, shape) {
      const name = r.string(at);
      if (!read.has(name)) read.set(name, load(at, name, shape));
      const t = read.get(name);
      if (t === undefined || sameShape(t.shape, shape)) return t;
      r.fault(at, 'bad-constant', `the resource has shape [${t.shape.join(', ')}], the type [${shape.join(', ')}]`);
      return undefined;
    },
    finish() {
      for (const [name, s] of byName)
        if (!read.has(name)) r.fault(s.digest, 'unused-resource', 'no constant uses this resource');
    },
  };
}
