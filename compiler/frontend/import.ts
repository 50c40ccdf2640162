// From a decoded ONNX model to a module of the float stage. Operators are found in the registry, never by a switch.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import type { Location, Module, Value } from '../ir/module.ts';
import { createModuleBuilder, type ModuleBuilder } from '../ir/module-builder.ts';
import type { OnnxImport, OpRegistry } from '../ir/op.ts';
import { floatType } from '../ir/types.ts';
import { plainAttributes } from './attributes.ts';
import type { ModelFiles } from './files.ts';
import { constantOutputs, createFoldingEmitter, type FoldingEmitter } from './folding-emitter.ts';
import {
  bindInput,
  checkDimensions,
  checkOutput,
  type Dimensions,
  elementOf,
  type ImportedPort,
  portType,
} from './graph-ports.ts';
import { type GraphStructure, graphStructure } from './graph-structure.ts';
import { createIntegerWidths, type IntegerWidths } from './integer-widths.ts';
import { nodeLabel, type OnnxModel, type OnnxNode } from './onnx/model.ts';
import { readTensor } from './onnx/tensor.ts';
import { findImporters, type Importers, importerOf, operatorKey, refuseUnsupported } from './operators.ts';
import { checkIrVersion, type Opsets, readOpsets } from './versions.ts';

export interface ImportOptions {
  readonly ops: OpRegistry;
  /** Sizes of dynamic dimensions. */
  readonly dims?: Dimensions;
  /** The folder of the model, for external data. */
  readonly files?: ModelFiles | undefined;
  /** Path of the model, for diagnostics. */
  readonly file?: string;
}

/** A model as the front end gives it: the module, its inputs and outputs, warnings. */
export interface ImportedModel {
  readonly module: Module;
  readonly warnings: readonly Diagnostic[];
  readonly inputs: readonly ImportedPort[];
  readonly outputs: readonly ImportedPort[];
}

/**
 * Imports a model: checks versions and names, binds dimensions, orders the nodes and turns each into operations; what
 * depends on constants only is folded.
 * @throws Diagnostic for the first thing that cannot be right, naming node, tensor or field; `unsupported-operators` carries
 * every node that cannot be imported.
 */
export function importModel(model: OnnxModel, options: ImportOptions): ImportedModel {
  try {
    return importChecked(model, options);
  } catch (e) {
    throw e instanceof Diagnostic && options.file !== undefined ? e.at({ file: options.file }) : e;
  }
}

function importChecked(model: OnnxModel, options: ImportOptions): ImportedModel {
  const { ops } = options;
  const warnings = [...checkIrVersion(model.irVersion)];
  const importers = findImporters(ops);
  const opsets = readOpsets(model, (opType) => importers.get(opType)?.since[0]);
  const graph = graphStructure(model.graph);
  refuseUnsupported(model, graph.nodes, importers, opsets);
  checkDimensions(graph.inputs, options.dims ?? new Map());

  const b = createModuleBuilder(model.graph.name || 'model', 'float', ops);
  const emitter = createFoldingEmitter(b, ops);
  const scope: Scope = {
    values: new Map(),
    widths: createIntegerWidths(emitter, ops),
    graph,
    importers,
    opsets,
    emitter,
    files: options.files,
  };
  const inputs = graph.inputs.map((info) => bindInput(info, options.dims ?? new Map()));
  for (const port of inputs) {
    const v = b.input(port.name, portType(port));
    scope.values.set(port.name, v);
    scope.widths.declare(v, port.dtype);
  }
  readInitializers(scope, b);
  for (const node of graph.nodes) importNode(node, scope);

  const outputs = model.graph.outputs.map((info) => {
    const v = scope.values.get(info.name)!;
    emitter.checkUsable(v);
    b.output(info.name, v);
    return checkOutput(info, v.type);
  });
  const module = b.finish();
  warnings.push(...moduleWarnings(module, graph));
  return { module, warnings, inputs, outputs };
}

/** What importing one node looks at. */
interface Scope {
  readonly values: Map<string, Value>;
  readonly widths: IntegerWidths;
  readonly graph: GraphStructure;
  readonly importers: Importers;
  readonly opsets: Opsets;
  readonly emitter: FoldingEmitter;
  readonly files: ModelFiles | undefined;
}

/** Initializers that nothing reads are not decoded: nothing depends on them. */
function readInitializers(scope: Scope, b: ModuleBuilder): void {
  for (const [name, t] of scope.graph.initializers) {
    if (!scope.graph.used.has(name)) continue;
    const { dtype, tensor } = readTensor(t, scope.files);
    const v = b.constantOfType(name, tensor, floatType(tensor.shape, elementOf(dtype)));
    scope.values.set(name, v);
    scope.widths.declare(v, dtype);
  }
}

function importNode(node: OnnxNode, scope: Scope): void {
  const { values, emitter } = scope;
  const importer = importerOf(node, scope.importers);
  const loc: Location = { node: nodeLabel(node), index: node.index };
  try {
    const operands = withoutTrailing(node.inputs.map((name) => (name === '' ? undefined : values.get(name))));
    const outputs = node.outputs.map((name) => (scope.graph.used.has(name) ? name : ''));
    checkOperandCount(node, importer, operands.length);
    emitter.at(loc, outputs);
    const results = importer.import(
      {
        opType: node.opType,
        opset: scope.opsets.get(node.domain) ?? 0,
        operands,
        outputs,
        attributes: plainAttributes(node, importer.attributes, scope.files),
        loc,
      },
      emitter,
    );
    for (const [i, name] of outputs.entries()) {
      if (name === '') continue;
      const v = results[i];
      if (v === undefined)
        throw new Diagnostic(
          'unsupported-output',
          `output ${i} (${quote(name)}) of ${node.opType} is used, but the compiler does not compute it`,
          { field: name },
        );
      values.set(name, scope.widths.guard(v, operands));
    }
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ node: loc.node }) : e;
  }
}

function withoutTrailing(operands: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
  const last = operands.findLastIndex((v) => v !== undefined);
  return operands.slice(0, last + 1);
}

function checkOperandCount(node: OnnxNode, importer: OnnxImport, count: number): void {
  const [least, most] = importer.inputs ?? [1, 1];
  if (count >= least && count <= most) return;
  const expected =
    least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
  throw new Diagnostic('bad-operands', `${operatorKey(node)} has ${count} inputs, expected ${expected}`);
}

/** @throws Diagnostic `constant-model` if no output depends on an input: nothing would be proved about the input. */
function moduleWarnings(m: Module, graph: GraphStructure): readonly Diagnostic[] {
  const warnings: Diagnostic[] = [];
  const constant = constantOutputs(m);
  if (constant.length === m.outputs.length)
    throw new Diagnostic(
      'constant-model',
      'no output of the model depends on an input: there is nothing to prove. It was probably exported with its input folded in',
    );
  for (const name of constant)
    warnings.push(
      new Diagnostic('constant-output', `output ${quote(name)} does not depend on any input`, { field: name }),
    );
  for (const { name } of graph.inputs)
    if (!graph.used.has(name))
      warnings.push(new Diagnostic('unused-input', `input ${quote(name)} is not used by any output`, { field: name }));
  if (graph.deadNodes > 0)
    warnings.push(new Diagnostic('dead-nodes', `${graph.deadNodes} nodes that no output depends on are left out`));
  return warnings;
}
