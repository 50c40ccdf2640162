// Public as `zkmlc/ir`: what authors of operators, passes and backends need. Operator definitions themselves are in `zkmlc/stdlib`.

export type { Backend, EmitContext, EmittedCircuit } from './backend.ts';
export {
  BN254,
  type Builder,
  type Capabilities,
  type Circuit,
  type Instr,
  inputsOf,
  KOALABEAR,
  type Lemma,
  type Origin,
  outputsOf,
  type Port,
  type Visibility,
  type Wire,
} from './circuit.ts';
export { boundsWithConstant, type Contraction, contract, contractionShape } from './contraction.ts';
export {
  addCost,
  addStats,
  type BoundarySide,
  COSTS,
  type Cost,
  type CostModel,
  type CostModelRegistry,
  defineCostModel,
  findCostModel,
  NO_COST,
  NO_STATS,
  STATS,
  type Stats,
} from './cost-model.ts';
export { Diagnostic, type DiagnosticKind, formatDiagnostic, quote, throwAll, type Where } from './diagnostics.ts';
export { evaluateModule, evaluateOperation, type Observe } from './evaluate.ts';
export type { Hint } from './hint.ts';
export { runWitness, type Witness } from './interpret/witness.ts';
export {
  addIntervals,
  BOOLEAN,
  bitLength,
  clamp,
  contains,
  containsInterval,
  floorDiv,
  hull,
  type Interval,
  intersect,
  interval,
  mulIntervals,
  sameInterval,
  scaleInterval,
  showInterval,
} from './interval.ts';
export { DEFAULT_VISIBILITY, lowerModule, type PortOverrides, type PortVisibility } from './lower.ts';
export {
  type Attrs,
  type AttrValue,
  type Location,
  type Module,
  type Operation,
  STAGES,
  type Stage,
  UNKNOWN_LOCATION,
  type Value,
} from './module.ts';
export { createModuleBuilder, type ModuleBuilder, rewriteModule } from './module-builder.ts';
export type {
  Activation,
  AnyOp,
  AttrSchema,
  AttrSpec,
  AttrsOf,
  Emitter,
  InferContext,
  LowerContext,
  OnnxImport,
  OnnxNode,
  OpContext,
  OpDef,
  OpRegistry,
  Quantization,
  Sample,
  TensorAttribute,
} from './op.ts';
export { checkAttrs, defineOp, operatorRegistry } from './op.ts';
export {
  type AnyPass,
  type CalibrationData,
  definePass,
  type Pass,
  type PassContext,
  type PassRegistry,
  type PipelineStep,
  passRegistry,
  runPipeline,
} from './pass.ts';
export { parsePipeline } from './pipeline-text.ts';
export {
  compareRational,
  divRational,
  mulRational,
  ONE,
  parseRational,
  powerOfTwo,
  type Rational,
  rational,
  rationalFromNumber,
  sameRational,
  showRational,
  toNumber,
} from './rational.ts';
export {
  type Enclosure,
  expEnclosure,
  logisticEnclosure,
  roundEnclosed,
  roundedExp,
  roundedLogistic,
  roundedTanh,
  roundHalfUp,
  tanhEnclosure,
} from './real.ts';
export { createRecorder, type RecordedWire, type Recorder } from './recorder.ts';
export { roundHalfEven } from './rounding.ts';
export { circuitDigest, deserializeCircuit, serializeCircuit } from './serialize.ts';
export type {
  BoundaryTensor,
  Makespan,
  Slice,
  SliceLimits,
  SliceObjective,
  SliceRequest,
  Slicing,
  SlicingReport,
  TensorSource,
} from './slicing.ts';
export { clampTable, dataTable, MAX_TABLE_ROWS, signTable, type Table } from './table.ts';
export {
  broadcastShapes,
  type NumericArray,
  normalizeAxis,
  type Shape,
  sameShape,
  sameTensor,
  scalar,
  sizeOf,
  type Tensor,
  tensor,
  zeros,
} from './tensor.ts';
export { type ParseOptions, type PrintOptions, parseModule, printModule } from './text/index.ts';
export {
  type Element,
  type FloatType,
  floatType,
  type IntType,
  intType,
  sameType,
  showType,
  type TensorType,
} from './types.ts';
export { moduleFaults, verifyModule } from './verify.ts';
export { applyViews, type View, viewShape } from './view.ts';
