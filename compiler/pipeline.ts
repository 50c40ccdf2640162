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

/** Options of the passes that make a module of integers. */
export interface QuantizationOptions {
  /** Width of activations (bits). */
  readonly bits?: number;
  /** Fraction by which calibrated ranges are widened; by default chosen by the width and the number of samples. */
  readonly margin?: number;
}

/** Simplifies an imported module; the result still computes over reals. */
export const SIMPLIFY: readonly PipelineStep[] = [canonicalize, foldConstants, fuse, foldConstants, deadCode].map(
  (pass) => ({ pass }),
);

/** From this width on (bits), ranges are doubled on either side: a bit of precision is worth less than a saturated value. */
const SPARE_BITS = 12;

/** Turns a simplified module into exact integers. */
export function quantization(options: QuantizationOptions): readonly PipelineStep[] {
  const { bits = 8, margin = bits >= SPARE_BITS ? 1 : -1 } = options;
  return [{ pass: calibrate, options: { margin } }, { pass: quantize, options: { bits } }, { pass: deadCode }];
}

/** The float module after simplification and the integer module, side by side. */
export interface QuantizedModels {
  readonly float: Module;
  readonly int: Module;
}

/** @throws Diagnostic what the passes throw. */
export function quantizeModel(
  m: Module,
  ops: OpRegistry,
  calibration: CalibrationData,
  options: QuantizationOptions = {},
): QuantizedModels {
  const cx: PassContext = { ops, calibration };
  const float = runPipeline(m, SIMPLIFY, cx);
  return { float, int: runPipeline(float, quantization(options), cx) };
}
