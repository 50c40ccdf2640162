// Inputs and outputs of a graph: element types, dimensions bound by the user, and declared outputs against inferred ones.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import { checkShape, type Shape } from '../ir/tensor.ts';
import { type Element, type FloatType, floatType, type TensorType } from '../ir/types.ts';
import type { OnnxModel, OnnxValueInfo } from './onnx/model.ts';
import { type DataType, dataTypeLabel, dataTypeOf } from './onnx/schema.ts';

/** A named tensor at the border of a model, with its type in the ONNX file. */
export interface ImportedPort {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: Shape;
}

/** Sizes of dynamic dimensions, by symbol (`batch`) or, for dimensions without one, by place (`input[0]`). */
export type Dimensions = ReadonlyMap<string, number>;

/** Element type in the graph: reals of every precision are f32, whole numbers of every width i64. */
export function elementOf(dtype: DataType): Element {
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
    case 'float32':
    case 'float64':
      return 'f32';
    case 'bool':
      return 'bool';
    default:
      return 'i64';
  }
}

function portDiagnostic(code: string, name: string, message: string): Diagnostic {
  return new Diagnostic(code, message, { field: name });
}

/**
 * An input with all its dimensions bound.
 * @throws Diagnostic `unsupported-input` for anything but a tensor of numbers, `unbound-dimension` naming the option that
 * binds it, `bad-dimension`, `tensor-too-large`.
 */
export function bindInput(info: OnnxValueInfo, dims: Dimensions): ImportedPort {
  const { name, type } = info;
  const what = `input ${quote(name)}`;
  if (type.kind !== 'tensor')
    throw portDiagnostic(
      'unsupported-input',
      name,
      `${what} is a ${type.kind} type; only tensors of numbers can be proved`,
    );
  const dtype = dataTypeOf(type.elementType);
  if (dtype === undefined)
    throw portDiagnostic(
      'unsupported-input',
      name,
      `${what} has elements of type ${dataTypeLabel(type.elementType)}; only numbers can be proved`,
    );
  if (type.shape === undefined)
    throw portDiagnostic(
      'unsupported-input',
      name,
      `${what} does not declare its rank; export the model with a fixed rank`,
    );
  const shape = type.shape.map((d, axis) => {
    if (d.kind === 'value' && d.value > 0) return d.value;
    const symbol = d.kind === 'parameter' ? d.name : `${name}[${axis}]`;
    const size = dims.get(symbol);
    if (size === undefined)
      throw portDiagnostic(
        'unbound-dimension',
        name,
        `dimension ${axis} of ${what} ${d.kind === 'value' ? `is ${d.value}` : 'is dynamic'}; give it a size with --dim ${shellWord(`${symbol}=1`)}`,
      );
    return size;
  });
  checkShape(shape, what);
  return { name, dtype, shape };
}

function shellWord(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The type that a port has in the graph. */
export function portType(port: ImportedPort): FloatType {
  return floatType(port.shape, elementOf(port.dtype));
}

/**
 * Checks that every bound dimension is a size and is one of the model's.
 * @throws Diagnostic `bad-dimension` or `unknown-dimension` (kind `usage`).
 */
export function checkDimensions(inputs: readonly OnnxValueInfo[], dims: Dimensions): void {
  const known = new Set(inputs.flatMap(dynamicDimensions));
  for (const [name, size] of dims) {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new Diagnostic(
        'bad-dimension',
        `dimension ${quote(name)} must be a whole number of at least 1, got ${size}`,
        { field: name },
        { kind: 'usage' },
      );
    if (!known.has(name))
      throw new Diagnostic(
        'unknown-dimension',
        `the model has no dynamic dimension ${quote(name)}; it has ${[...known].slice(0, 20).map(quote).join(', ') || 'none'}`,
        { field: name },
        { kind: 'usage' },
      );
  }
}

function dynamicDimensions(info: OnnxValueInfo): readonly string[] {
  if (info.type.kind !== 'tensor') return [];
  return (info.type.shape ?? []).flatMap((d, axis) => {
    if (d.kind === 'parameter') return [d.name];
    return d.kind === 'unknown' || d.value < 1 ? [`${info.name}[${axis}]`] : [];
  });
}

/**
 * Dimensions that make a model fit the shapes of given inputs, for inputs that are known before the model is imported.
 * Shapes that contradict fixed dimensions are left for the input's own check.
 * @throws Diagnostic `conflicting-dimension` if a symbol would need two sizes.
 */
export function dimensionsFromShapes(model: OnnxModel, shapes: ReadonlyMap<string, Shape>): Dimensions {
  const dims = new Map<string, number>();
  const initialized = new Set(model.graph.initializers.map((t) => t.name));
  for (const info of model.graph.inputs) {
    const shape = shapes.get(info.name);
    if (shape === undefined || info.type.kind !== 'tensor' || initialized.has(info.name)) continue;
    info.type.shape?.forEach((d, axis) => {
      const size = shape[axis];
      if (size === undefined || (d.kind === 'value' && d.value > 0)) return;
      const symbol = d.kind === 'parameter' ? d.name : `${info.name}[${axis}]`;
      const known = dims.get(symbol) ?? size;
      if (known !== size)
        throw portDiagnostic(
          'conflicting-dimension',
          info.name,
          `dimension ${quote(symbol)} would be ${known} and, in input ${quote(info.name)}, ${size}`,
        );
      dims.set(symbol, size);
    });
  }
  return dims;
}

/**
 * An output as declared, checked against what was inferred. Symbolic dimensions claim nothing.
 * @throws Diagnostic `unsupported-output`, `contradicting-output` if element type, rank or a fixed dimension differ.
 */
export function checkOutput(info: OnnxValueInfo, inferred: TensorType): ImportedPort {
  const { name, type } = info;
  const { shape } = inferred;
  const element = inferred.kind === 'float' ? inferred.element : 'i64';
  const inferredType: DataType = element === 'f32' ? 'float32' : element === 'bool' ? 'bool' : 'int64';
  if (type.kind === 'missing') return { name, dtype: inferredType, shape };
  if (type.kind !== 'tensor')
    throw portDiagnostic(
      'unsupported-output',
      name,
      `output ${quote(name)} is a ${type.kind} type; only tensors can be proved`,
    );
  const dtype = type.elementType === 0 ? inferredType : dataTypeOf(type.elementType);
  if (dtype === undefined || elementOf(dtype) !== element)
    throw portDiagnostic(
      'contradicting-output',
      name,
      `output ${quote(name)} is declared with elements of type ${dataTypeLabel(type.elementType)}, but its node produces ${inferredType}`,
    );
  const declared = type.shape;
  const differs =
    declared !== undefined &&
    (declared.length !== shape.length ||
      declared.some((d, i) => d.kind === 'value' && d.value > 0 && d.value !== shape[i]));
  if (differs)
    throw portDiagnostic(
      'contradicting-output',
      name,
      `output ${quote(name)} is declared as [${declared.map(showDimension).join(', ')}], but its node produces [${shape.join(', ')}]`,
    );
  return { name, dtype, shape };
}

function showDimension(d: { readonly kind: string; readonly value?: number; readonly name?: string }): string {
  return d.kind === 'value' ? `${d.value}` : (d.name ?? '?');
}
