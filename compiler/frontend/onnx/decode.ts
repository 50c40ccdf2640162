// Decodes an ONNX file into plain data. Subgraphs and function bodies are not entered, so no input can make this recurse.
import { Diagnostic, quote, type Where } from '../../ir/diagnostics.ts';
import { decodeAttribute } from './attribute.ts';
import { decodeTensor } from './decode-tensor.ts';
import { foreignFileKind } from './file-kind.ts';
import {
  nodeLabel,
  type OnnxAttribute,
  type OnnxDimension,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxOpset,
  type OnnxTensor,
  type OnnxType,
  type OnnxValueInfo,
} from './model.ts';
import { schema } from './schema.ts';
import {
  type Cursor,
  countObjects,
  eachField,
  numberOf,
  type Range,
  rangeOf,
  textOf,
  type WireSource,
  wireError,
  wireSource,
} from './wire.ts';

const noAttributes: ReadonlyMap<string, OnnxAttribute> = new Map();
const noNames: readonly string[] = [];

/**
 * Decodes a ModelProto (IR versions 1 and later).
 * @param where names the file in every diagnostic.
 * @throws Diagnostic `not-onnx` for other files, `bad-protobuf`, `bad-utf8`, `integer-too-large`, `too-many-objects`,
 * `bad-node`, `bad-attribute`, `duplicate-attribute`, `bad-value-info`, `bad-tensor`, each naming the byte.
 */
export function decodeModel(bytes: Uint8Array, where: Where): OnnxModel {
  const kind = foreignFileKind(bytes);
  if (kind !== undefined) throw new Diagnostic('not-onnx', `this is not an ONNX model: the file is ${kind}`, where);
  const source = wireSource(bytes, where);
  const F = schema.ModelProto;
  let irVersion = 0;
  let producer = '';
  const opsetImports: OnnxOpset[] = [];
  const functions: OnnxFunction[] = [];
  const graph: Range[] = [];
  eachField(source, [{ start: 0, end: bytes.length }], (c) => {
    countObjects(source, c.fieldStart, 1);
    switch (c.field) {
      case F.ir_version.id:
        irVersion = numberOf(c, 'ir_version');
        break;
      case F.producer_name.id:
        producer = textOf(c, 'producer_name');
        break;
      case F.opset_import.id:
        opsetImports.push(decodeOpset(source, rangeOf(c, 'opset_import')));
        break;
      case F.graph.id:
        graph.push(rangeOf(c, 'graph'));
        break;
      case F.functions.id:
        functions.push(decodeFunction(source, rangeOf(c, 'functions')));
        break;
    }
  });
  if (graph.length === 0) throw new Diagnostic('not-onnx', 'this is not an ONNX model: it holds no graph', where);
  return { irVersion, producer, opsetImports, graph: decodeGraph(source, graph), functions };
}

function decodeOpset(source: WireSource, range: Range): OnnxOpset {
  let domain = '';
  let version = 0;
  eachField(source, [range], (c) => {
    if (c.field === schema.OperatorSetIdProto.domain.id) domain = textOf(c, 'opset_import domain');
    if (c.field === schema.OperatorSetIdProto.version.id) version = numberOf(c, 'opset_import version');
  });
  return { domain, version };
}

function decodeFunction(source: WireSource, range: Range): OnnxFunction {
  let name = '';
  let domain = '';
  eachField(source, [range], (c) => {
    if (c.field === schema.FunctionProto.name.id) name = textOf(c, 'function name');
    if (c.field === schema.FunctionProto.domain.id) domain = textOf(c, 'function domain');
  });
  return { name, domain };
}

function decodeGraph(source: WireSource, pieces: readonly Range[]): OnnxGraph {
  const F = schema.GraphProto;
  let name = '';
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  const valueInfos: OnnxValueInfo[] = [];
  const sparseInitializers: string[] = [];
  eachField(source, pieces, (c) => {
    countObjects(source, c.fieldStart, 1);
    switch (c.field) {
      case F.name.id:
        name = textOf(c, 'graph name');
        break;
      case F.node.id:
        nodes.push(decodeNode(source, rangeOf(c, 'node'), nodes.length));
        break;
      case F.initializer.id:
        initializers.push(decodeTensor(source, [rangeOf(c, 'initializer')]));
        if (initializers.at(-1)?.name === '')
          throw wireError(source, c.fieldStart, `initializer ${initializers.length - 1} has no name`, 'bad-tensor');
        break;
      case F.sparse_initializer.id:
        sparseInitializers.push(sparseName(source, rangeOf(c, 'sparse_initializer')));
        break;
      case F.input.id:
        inputs.push(decodeValueInfo(source, rangeOf(c, 'input'), `graph input ${inputs.length}`));
        break;
      case F.output.id:
        outputs.push(decodeValueInfo(source, rangeOf(c, 'output'), `graph output ${outputs.length}`));
        break;
      case F.value_info.id:
        valueInfos.push(decodeValueInfo(source, rangeOf(c, 'value_info'), `value_info ${valueInfos.length}`));
        break;
    }
  });
  return { name, nodes, initializers, inputs, outputs, valueInfos, sparseInitializers };
}

function sparseName(source: WireSource, range: Range): string {
  const values: Range[] = [];
  eachField(source, [range], (c) => {
    if (c.field === schema.SparseTensorProto.values.id) values.push(rangeOf(c, 'sparse_initializer values'));
  });
  return decodeTensor(source, values).name;
}

function decodeNode(source: WireSource, range: Range, index: number): OnnxNode {
  const F = schema.NodeProto;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributeRanges: Range[] = [];
  let name = '';
  let opType = '';
  let domain = '';
  let overload = '';
  eachField(source, [range], (c) => {
    countObjects(source, c.fieldStart, 1);
    switch (c.field) {
      case F.input.id:
        inputs.push(textOf(c, 'node input'));
        break;
      case F.output.id:
        outputs.push(textOf(c, 'node output'));
        break;
      case F.name.id:
        name = textOf(c, 'node name');
        break;
      case F.op_type.id:
        opType = textOf(c, 'op_type');
        break;
      case F.domain.id:
        domain = textOf(c, 'node domain');
        break;
      case F.overload.id:
        overload = textOf(c, 'node overload');
        break;
      case F.attribute.id:
        attributeRanges.push(rangeOf(c, 'attribute'));
        break;
    }
  });
  const label = nodeLabel({ name, opType, index });
  if (opType === '')
    throw wireError(source, range.start, `node ${index} of the graph has no op_type`, 'bad-node').at({ node: label });
  return {
    index,
    name,
    opType,
    domain: domain === 'ai.onnx' ? '' : domain,
    overload,
    inputs: inputs.length === 0 ? noNames : inputs,
    outputs: outputs.length === 0 ? noNames : outputs,
    attributes: attributeRanges.length === 0 ? noAttributes : decodeAttributes(source, attributeRanges, label),
    byte: range.start,
  };
}

function decodeAttributes(
  source: WireSource,
  ranges: readonly Range[],
  label: string,
): ReadonlyMap<string, OnnxAttribute> {
  const attributes = new Map<string, OnnxAttribute>();
  for (const range of ranges) {
    const { name, attribute } = decodeAttribute(source, range, label);
    if (attributes.has(name))
      throw wireError(source, range.start, `attribute ${quote(name)} is given twice`, 'duplicate-attribute').at({
        node: label,
        field: name,
      });
    attributes.set(name, attribute);
  }
  return attributes;
}

function decodeValueInfo(source: WireSource, range: Range, what: string): OnnxValueInfo {
  const F = schema.ValueInfoProto;
  let name = '';
  const type: Range[] = [];
  eachField(source, [range], (c) => {
    countObjects(source, c.fieldStart, 1);
    if (c.field === F.name.id) name = textOf(c, `name of ${what}`);
    if (c.field === F.type.id) type.push(rangeOf(c, `type of ${what}`));
  });
  if (name === '') throw wireError(source, range.start, `${what} has no name`, 'bad-value-info');
  return { name, type: decodeType(source, type, name), byte: range.start };
}

/** TypeProto.value is a oneof: the member that comes last counts, and pieces of one member merge only if no other lies between. */
function decodeType(source: WireSource, pieces: readonly Range[], name: string): OnnxType {
  const F = schema.TypeProto;
  const found: { kind: OnnxType['kind']; pieces: Range[] } = { kind: 'missing', pieces: [] };
  const choose = (c: Cursor, chosen: OnnxType['kind']): void => {
    const range = rangeOf(c, `type of ${quote(name)}`);
    if (found.kind !== chosen) found.pieces = [];
    found.kind = chosen;
    found.pieces.push(range);
  };
  eachField(source, pieces, (c) => {
    if (c.field === F.tensor_type.id) choose(c, 'tensor');
    else if (c.field === F.sequence_type.id) choose(c, 'sequence');
    else if (c.field === F.map_type.id) choose(c, 'map');
    else if (c.field === F.optional_type.id) choose(c, 'optional');
    else if (c.field === F.sparse_tensor_type.id) choose(c, 'sparse-tensor');
    else if (c.field === F.opaque_type.id) choose(c, 'opaque');
  });
  return found.kind === 'tensor' ? decodeTensorType(source, found.pieces, name) : { kind: found.kind };
}

function decodeTensorType(source: WireSource, pieces: readonly Range[], name: string): OnnxType {
  const F = schema.TypeProto_Tensor;
  let elementType = 0;
  const shapes: Range[] = [];
  eachField(source, pieces, (c) => {
    if (c.field === F.elem_type.id) elementType = numberOf(c, `element type of ${quote(name)}`);
    if (c.field === F.shape.id) shapes.push(rangeOf(c, `shape of ${quote(name)}`));
  });
  if (shapes.length === 0) return { kind: 'tensor', elementType, shape: undefined };
  const shape: OnnxDimension[] = [];
  eachField(source, shapes, (c) => {
    if (c.field !== schema.TensorShapeProto.dim.id) return;
    countObjects(source, c.fieldStart, 1);
    shape.push(decodeDimension(source, rangeOf(c, `dimension of ${quote(name)}`), name));
  });
  return { kind: 'tensor', elementType, shape };
}

function decodeDimension(source: WireSource, range: Range, name: string): OnnxDimension {
  const F = schema.TensorShapeProto_Dimension;
  let dimension: OnnxDimension = { kind: 'unknown' };
  eachField(source, [range], (c) => {
    if (c.field === F.dim_value.id) dimension = { kind: 'value', value: numberOf(c, `dimension of ${quote(name)}`) };
    if (c.field === F.dim_param.id) {
      const symbol = textOf(c, `dimension of ${quote(name)}`);
      dimension = symbol === '' ? { kind: 'unknown' } : { kind: 'parameter', name: symbol };
    }
  });
  return dimension;
}
