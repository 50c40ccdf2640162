// What an operator is: one object literal that states its types, its meaning over reals and integers, and its constraints.
import type { Builder, Wire } from './circuit.ts';
import { Diagnostic } from './diagnostics.ts';
import type { Attrs, AttrValue, Location, Value } from './module.ts';
import type { Rational } from './rational.ts';
import type { Tensor } from './tensor.ts';
import type { Element, IntType, TensorType } from './types.ts';

interface KindType {
  readonly int: number;
  readonly float: number;
  readonly string: string;
  readonly bool: boolean;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly strings: readonly string[];
}

/** One attribute of an operator, or one option of a pass: the command line and the text form are derived from it. */
export interface AttrSpec {
  readonly kind: keyof KindType;
  readonly doc: string;
  /** Without a default the attribute is required. */
  readonly default?: AttrValue;
  /** For strings: the values allowed. */
  readonly values?: readonly string[];
}
/** Attributes of an operator, or options of a pass, by name. */
export type AttrSchema = Readonly<Record<string, AttrSpec>>;
/** The attribute object that a schema describes. */
export type AttrsOf<S extends AttrSchema> = { readonly [K in keyof S]: KindType[S[K]['kind']] };

/** What `infer` may look at besides the operand types. */
export interface InferContext<S extends AttrSchema> {
  readonly attrs: AttrsOf<S>;
  /** The value of operand `i` if it is a constant of the module: bounds use it, shapes may depend on it. */
  constant(i: number): Tensor | undefined;
  /** The other operators: `requant` finds its activation here. */
  readonly ops: OpRegistry;
}

/** What evaluation and lowering may look at: attributes, types of operands and results, the other operators. */
export interface OpContext<S extends AttrSchema, T extends TensorType = TensorType> {
  readonly attrs: AttrsOf<S>;
  readonly operands: readonly T[];
  readonly results: readonly T[];
  readonly ops: OpRegistry;
}

/** What lowering may look at besides. */
export interface LowerContext<S extends AttrSchema> extends OpContext<S, IntType> {
  /**
   * The value of operand `i` if it is a constant of the module. It may be a parameter of the circuit nevertheless: choose
   * intervals by it, and prove them.
   */
  constant(i: number): Tensor | undefined;
}

/** Emits operations: given to `expand` and to importers. */
export interface Emitter {
  /** Appends an operation and returns its results. @throws Diagnostic naming `loc` if the operands do not fit. */
  emit(op: string, operands: readonly Value[], attrs?: Attrs): readonly Value[];
  /** A float-stage constant (reals, unless `element` says otherwise). */
  constant(t: Tensor, element?: Element): Value;
  /** The tensor of a value that is constant, else undefined. */
  constantOf(v: Value): Tensor | undefined;
}

/** A tensor that is an attribute of an ONNX node. */
export interface TensorAttribute extends Tensor {
  readonly element: Element;
}

/** An ONNX node as an importer sees it: operands already imported, optional ones that are absent are undefined. */
export interface OnnxNode {
  readonly opType: string;
  readonly opset: number;
  readonly operands: readonly (Value | undefined)[];
  /** Names of the outputs; empty for one that nothing reads. */
  readonly outputs: readonly string[];
  /** ONNX attributes decoded to plain values; int64 of magnitude 2^62 and more is an open end and reads +-2^62. */
  readonly attributes: ReadonlyMap<string, AttrValue | TensorAttribute>;
  readonly loc: Location;
}

/** How ONNX nodes become operations of this operator. */
export interface OnnxImport {
  readonly opType: string;
  /** Opset versions of the default domain at which the definition that we implement changed, oldest first. */
  readonly since: readonly number[];
  /** Names of attributes this importer reads; any other attribute is refused. */
  readonly attributes: readonly string[];
  /** Fewest and most inputs of the node that this importer reads (1 and 1 if not given); others are refused. */
  readonly inputs?: readonly [least: number, most: number];
  /** One value per output used; undefined for an output that is not computed (the importer refuses its use). */
  import(node: OnnxNode, e: Emitter): readonly (Value | undefined)[];
}

/**
 * How quantization treats the operator:
 * - `exact`: the integer operator is the real one; scales follow from `infer`. Operands listed in `narrow` must have
 *   activation width (contractions, maxima, tables), others may be wide accumulators.
 * - `activation`: a unary function of small-domain integers, fused into the requantization before it (`table`).
 *   `view: true`: result and operands hold the same integers (views, maxima, concatenation), so they share one scale.
 *   `reals`: attributes that are data (the value of a padding), given in units of the first operand's scale when quantized.
 * - `none`: only legal in the float stage; must be folded or expanded away.
 */
export type Quantization =
  | {
      readonly kind: 'exact';
      readonly narrow: 'all' | 'none' | readonly number[];
      readonly view?: true;
      readonly reals?: readonly string[];
    }
  | { readonly kind: 'activation' }
  | { readonly kind: 'none' };

/** Meaning of an activation over integers, as a table entry. */
export interface Activation {
  /** The parameters that the table depends on, as a flat list of numbers (for example a slope). */
  params(attrs: Attrs): readonly number[];
  /** round half up of f(x * from) / to: correctly rounded, so that every machine builds the same table. */
  table(params: readonly number[], x: bigint, from: Rational, to: Rational): bigint;
  /** f over the reals, for ranges of results: monotone pieces are the caller's concern, this is evaluated densely. */
  real(params: readonly number[], x: number): number;
  /** Set if the function is only a clamp of its argument (Relu, Clip): [lo, hi] in reals. Fused without a table. */
  clamp?(params: readonly number[]): readonly [number, number];
}

/** Some of the cells along one axis of a tensor: `size` of them from `start` on. */
export interface AxisPart {
  readonly axis: number;
  readonly start: number;
  readonly size: number;
}

/** What a part of the results of an operation is computed from. */
export interface OpTile {
  /** For each operand the part that is read; undefined: all of it. */
  readonly operands: readonly (AxisPart | undefined)[];
  /** Attributes that differ from those of the whole operation. */
  readonly attrs?: Attrs;
}

/** One example use: feeds every property test. */
export interface Sample {
  readonly name: string;
  readonly attrs?: Attrs;
  /** Operand types. A float-stage operator gives `float` types (with a range), an integer one `int` types. */
  readonly operands: readonly TensorType[];
  /** Values for operands that must be constants (weights, indices), by position. */
  readonly constants?: ReadonlyMap<number, Tensor>;
}

/** An operator: types, meaning over reals and integers, constraints, import from ONNX, samples. */
export interface OpDef<S extends AttrSchema = AttrSchema> {
  readonly name: string;
  readonly doc: string;
  /** Operand names for printing and messages; a name ending in `...` is variadic, one ending in `?` optional. */
  readonly operands: readonly string[];
  readonly results: readonly string[];
  readonly attrs: S;
  readonly onnx?: readonly OnnxImport[];
  readonly quantization: Quantization;
  /** Shape, element, range and scale of the results; verification. Integer operand types give integer result types. */
  infer(operands: readonly TensorType[], cx: InferContext<S>): readonly TensorType[];
  /** Meaning over the reals (float64), the specification compared with ONNX. */
  evalFloat?(operands: readonly Tensor[], cx: OpContext<S>): readonly Tensor[];
  /** Meaning over the integers, the definition that circuits must admit and no other. Operands are exact integers. */
  evalInt?(operands: readonly Tensor[], cx: OpContext<S, IntType>): readonly Tensor[];
  /** Constraints, on whole tensors. */
  lower?(b: Builder, operands: readonly Wire[], cx: LowerContext<S>): readonly Wire[];
  /** Composite operators: the same in terms of others (float stage). Applied by `canonicalize`. */
  expand?(operands: readonly Value[], cx: { readonly attrs: AttrsOf<S>; readonly emitter: Emitter }): readonly Value[];
  /**
   * How the operation is divided for provers that cannot hold all of it (pass `tile`): the operator itself, on these parts
   * of its operands, must give exactly that part of the integers of every result, at the same scale. Absent, or undefined
   * where the part cannot be had in this way: not along this axis.
   */
  tile?(part: AxisPart, cx: OpContext<S, IntType>): OpTile | undefined;
  readonly activation?: Activation;
  readonly samples: readonly Sample[];
}

/** Any operator, with its attribute types forgotten. */
export type AnyOp = OpDef;

/** Operators by name. */
export type OpRegistry = ReadonlyMap<string, AnyOp>;

/** Checks an operator literal against its own schema and forgets the attribute types. */
export function defineOp<const S extends AttrSchema>(op: OpDef<S>): AnyOp {
  return op as unknown as AnyOp;
}

/** @throws Diagnostic `duplicate-operator` if two operators share a name. */
export function operatorRegistry(ops: readonly AnyOp[]): OpRegistry {
  const registry = new Map<string, AnyOp>();
  for (const op of ops) {
    if (registry.has(op.name)) throw new Diagnostic('duplicate-operator', `operator ${op.name} is registered twice`);
    registry.set(op.name, op);
  }
  return registry;
}

/**
 * Attributes with defaults filled in, in schema order.
 * @throws Diagnostic `bad-attribute` for an unknown, missing or ill-typed one.
 */
export function checkAttrs(schema: AttrSchema, attrs: Attrs, what: string): Attrs {
  for (const name of Object.keys(attrs))
    if (!Object.hasOwn(schema, name))
      throw new Diagnostic(
        'bad-attribute',
        `${what} has no attribute ${name}; known: ${Object.keys(schema).join(', ') || 'none'}`,
        { field: name },
      );
  const checked: Record<string, AttrValue> = {};
  for (const [name, spec] of Object.entries(schema)) {
    const value = (Object.hasOwn(attrs, name) ? attrs[name] : undefined) ?? spec.default;
    if (value === undefined)
      throw new Diagnostic('bad-attribute', `${what} requires attribute ${name}: ${spec.doc}`, { field: name });
    if (!fits(spec, value))
      throw new Diagnostic(
        'bad-attribute',
        `${what}: attribute ${name} expects ${spec.values?.join(' | ') ?? spec.kind}, got ${JSON.stringify(value)}`,
        { field: name },
      );
    checked[name] = value;
  }
  return checked;
}

function fits(spec: AttrSpec, value: AttrValue): boolean {
  const list = (f: (x: unknown) => boolean): boolean => Array.isArray(value) && value.every(f);
  switch (spec.kind) {
    case 'int':
      return Number.isInteger(value);
    case 'float':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string' && (spec.values === undefined || spec.values.includes(value));
    case 'bool':
      return typeof value === 'boolean';
    case 'ints':
      return list(Number.isInteger);
    case 'floats':
      return list((x) => typeof x === 'number');
    case 'strings':
      return list((x) => typeof x === 'string');
  }
}
