// The pipeline of `compile`: the passes in order, usable from TypeScript exactly as the driver uses them.
import type { Module } from './ir/module.ts';
import type { OpRegistry } from './ir/op.ts';
import { type CalibrationData, type PassContext, type PipelineStep, runPipeline } from './ir/pass.ts';
import { calibrate } from './passes/calibrate.ts';
import { canonicalize } from './passes/canonicalize.ts';
import { deadCode } from './passes/dead-code.ts';
import { foldConstants } from './passes/fold-constants.ts';
import { fuse } from './passes/fuse.ts';
import { quantize } from './passes/quantize.ts';

export interface QuantizationOptions {
  /** Width of activations (bits). */
  readonly bits?: number;
  /** Fraction by which calibrated ranges are widened; negative: chosen by the number of samples. */
  readonly margin?: number;
}

/** Simplifies an imported module; the result still computes over reals. */
export const SIMPLIFY: readonly PipelineStep[] = [canonicalize, foldConstants, fuse, foldConstants, deadCode].map((pass) => ({ pass }));

/** Turns a simplified module into exact integers. */
export function quantization(options: QuantizationOptions): readonly PipelineStep[] {
  const { bits = 8, margin = -1 } = options;
  return [{ pass: calibrate, options: { margin } }, { pass: quantize, options: { bits } }, { pass: deadCode }];
}

/** The float module after simplification and the integer module, side by side. */
export interface QuantizedModels {
  readonly float: Module;
  readonly int: Module;
}

/** @throws Diagnostic what the passes throw. */
export function quantizeModel(m: Module, ops: OpRegistry, calibration: CalibrationData, options: QuantizationOptions = {}): QuantizedModels {
  const cx: PassContext = { ops, calibration };
  const float = runPipeline(m, SIMPLIFY, cx);
  return { float, int: runPipeline(float, quantization(options), cx) };
}
