// Public API of the compiler: compile a model, evaluate it, run passes, write plugins.
import { type CompileOptions, type CompileReport, compileModel, type LoadedModel, loadModel } from './driver.ts';
import { type Plugin, type Registries, registries } from './plugin.ts';

export type { CompileOptions, CompileReport, LoadedModel } from './driver.ts';
export { argmax, distance, type Evaluation, evaluateBoth, evaluateModule, type OutputComparison, quantizeInputs } from './evaluate.ts';
export { dimensionsFromShapes, type ImportedModel, importModel } from './frontend/index.ts';
export { readSamples, readTensors } from './frontend/inputs.ts';
export { readModelFile } from './frontend/onnx/read-model.ts';
export type { Backend, EmitContext, EmittedCircuit } from './ir/backend.ts';
export { Diagnostic, formatDiagnostic } from './ir/diagnostics.ts';
export type { PortVisibility } from './ir/lower.ts';
export { defineOp, type OpDef, operatorRegistry } from './ir/op.ts';
export { type CalibrationData, definePass, type Pass, runPipeline } from './ir/pass.ts';
export { type QuantizationOptions, type QuantizedModels, quantization, quantizeModel, SIMPLIFY } from './pipeline.ts';
export { definePlugin, type Plugin, type Registries } from './plugin.ts';

/** A compiler with a fixed set of operators, passes and backends. */
export interface Compiler {
  readonly registries: Registries;
  /** Compiles a model file to an artifact. @throws Diagnostic as described at the driver. */
  compile(options: CompileOptions): Promise<CompileReport>;
  /** Runs front end and passes only. */
  load(options: Omit<CompileOptions, 'output' | 'backend' | 'visibility' | 'keys'>): Promise<LoadedModel>;
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
