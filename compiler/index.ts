// Public API of the compiler: compile a model, evaluate it, run passes, write plugins.
import {
  type CompileOptions,
  type CompileReport,
  compileModel,
  type LoadedModel,
  type LoadOptions,
  loadModel,
} from './driver.ts';
import { type Plugin, type Registries, registries } from './plugin.ts';

export { DEFAULT_BACKEND } from './backends/index.ts';
export type { CompileOptions, CompileReport, LoadedModel, LoadOptions } from './driver.ts';
export {
  argmax,
  distance,
  type Evaluation,
  evaluateBoth,
  evaluateModule,
  type OutputComparison,
  quantizeInputs,
  type Saturation,
} from './evaluate.ts';
export { dimensionsFromShapes, type ImportedModel, importModel, OPSETS } from './frontend/index.ts';
export { type ExpectedTensor, readSamples, readTensors } from './frontend/inputs.ts';
export { readModelFile } from './frontend/onnx/read-model.ts';
export { inspectModel, type ModelCost, type NodeCost } from './inspect.ts';
export type { Backend, EmitContext, EmittedCircuit } from './ir/backend.ts';
export {
  type BoundarySide,
  type Cost,
  type CostModel,
  type CostModelRegistry,
  defineCostModel,
  findCostModel,
  type Stats,
} from './ir/cost-model.ts';
export { Diagnostic, formatDiagnostic, printable, quote } from './ir/diagnostics.ts';
export type { PortVisibility } from './ir/lower.ts';
export type { Module, Operation, Value } from './ir/module.ts';
export { type AnyOp, type AttrSchema, defineOp, type OpDef, operatorRegistry } from './ir/op.ts';
export { type AnyPass, type CalibrationData, definePass, type Pass, runPipeline } from './ir/pass.ts';
export { parsePipeline } from './ir/pipeline-text.ts';
export { deserializeCircuit } from './ir/serialize.ts';
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
  TiledLayer,
} from './ir/slicing.ts';
export type { Tensor } from './ir/tensor.ts';
export { printModule } from './ir/text/printer.ts';
export { showType, type TensorType } from './ir/types.ts';
export { readModuleText } from './module-text.ts';
export {
  type CalibrationCircuit,
  type CalibrationModel,
  calibrationCounts,
  calibrationModels,
} from './passes/cost/calibration-circuits.ts';
export {
  type CalibratedMachine,
  type Calibration,
  decodeCalibration,
  encodeCalibration,
  MAX_CALIBRATION_BYTES,
} from './passes/cost/calibration-file.ts';
export { type Fit, fitCoefficients, type Observation } from './passes/cost/fit.ts';
export {
  type Coefficients,
  PLONK_COEFFICIENTS,
  PLONK_FIGURES,
  type PlonkCoefficients,
  type PlonkCounts,
  type PlonkFigure,
  plonk,
  plonkCostModel,
  plonkProofBytes,
} from './passes/cost/plonk.ts';
export {
  canonicalModule,
  evaluateSlices,
  type KnownSlices,
  type SliceContext,
  type SliceCosts,
  sliceCosts,
  sliceModule,
  sliceModules,
  slicingOf,
  slicingOfOperations,
  structuralKey,
} from './passes/slice/index.ts';
export { type SlicedModule, sliceInTiles } from './passes/tile/index.ts';
export { type QuantizationOptions, type QuantizedModels, quantization, quantizeModel, SIMPLIFY } from './pipeline.ts';
export { definePlugin, type Plugin, type Registries } from './plugin.ts';

/** A compiler with a fixed set of operators, passes, backends and cost models. */
export interface Compiler {
  readonly registries: Registries;
  /** Compiles a model file to an artifact. @throws Diagnostic as described at the driver. */
  compile(options: CompileOptions): Promise<CompileReport>;
  /** Runs front end and passes only. */
  load(options: LoadOptions): Promise<LoadedModel>;
}

/**
 * A compiler with the standard operators, passes and backends, and those of the plugins.
 * @throws Diagnostic if two of them share a name.
 * @example
 * const report = await createCompiler().compile({ model: 'model.onnx', calibration: 'data.npz', output: 'model.zkml' });
 */
export function createCompiler(plugins: readonly Plugin[] = []): Compiler {
  const all = registries(plugins);
  return {
    registries: all,
    compile: (options) => compileModel(options, all),
    load: (options) => loadModel(options, all),
  };
}
