// The cost model of the command line, with what was measured on this machine where that is known.
import { availableParallelism, cpus } from 'node:os';
import {
  type CalibratedMachine,
  type Calibration,
  type CostModel,
  type CostModelRegistry,
  Diagnostic,
  decodeCalibration,
  findCostModel,
  formatDiagnostic,
  MAX_CALIBRATION_BYTES,
  PLONK_COEFFICIENTS,
  plonk,
  plonkCostModel,
} from '../compiler/index.ts';
import { readCachedFile } from '../runtime/index.ts';
import { packageVersion } from './package-files.ts';

/** Name of the file in the cache. */
export const CALIBRATION_FILE = 'cost-plonk.json';

/** A cost model, and what reports say of its coefficients. */
export interface ChosenCostModel {
  readonly costModel: CostModel;
  /** Absent for models that nothing is measured for. */
  readonly coefficients?: CoefficientSource;
}

/** Where coefficients come from. */
export type CoefficientSource =
  | { readonly kind: 'measured'; readonly measured: string }
  /** @param because why measured ones that are there do not count */
  | { readonly kind: 'defaults'; readonly because?: string };

/** This machine, as far as it decides what proofs take. */
export function thisMachine(): CalibratedMachine {
  return {
    processor: (cpus()[0]?.model.trim() ?? 'unknown').slice(0, 200),
    cores: availableParallelism(),
    zkmlc: packageVersion(),
  };
}

/** `measured on 2030-12-31`, or `defaults`, with the reason where measured ones do not count. */
export function describeSource(source: CoefficientSource): string {
  if (source.kind === 'measured') return `measured on ${source.measured}`;
  return source.because === undefined ? 'defaults' : `defaults (${source.because})`;
}

/**
 * The named model, the first if none is named; `plonk` with the coefficients that `calibrate-cost` measured here, if any.
 * @throws Diagnostic `unknown-cost-model` (usage).
 */
export function chooseCostModel(models: CostModelRegistry, name: string | undefined): ChosenCostModel {
  const costModel = findCostModel(models, name ?? [...models.keys()][0]!);
  if (costModel !== plonk) return { costModel };
  const { calibration, coefficients } = storedCalibration();
  if (calibration === undefined) return { costModel, coefficients };
  return { costModel: plonkCostModel({ ...PLONK_COEFFICIENTS, ...calibration.coefficients }), coefficients };
}

/** The calibration of this machine, if there is one. A damaged file, or one of another machine, costs accuracy only. */
function storedCalibration(): { readonly calibration?: Calibration; readonly coefficients: CoefficientSource } {
  let calibration: Calibration;
  try {
    const bytes = readCachedFile(CALIBRATION_FILE, MAX_CALIBRATION_BYTES);
    if (bytes === undefined) return { coefficients: { kind: 'defaults' } };
    calibration = decodeCalibration(Buffer.from(bytes).toString('utf8'));
  } catch (e) {
    if (!(e instanceof Diagnostic)) throw e;
    return { coefficients: { kind: 'defaults', because: `what was measured cannot be read: ${formatDiagnostic(e)}` } };
  }
  const { machine, measured } = calibration;
  const here = thisMachine();
  const other = (['processor', 'cores', 'zkmlc'] as const).find((key) => machine[key] !== here[key]);
  if (other === undefined) return { calibration, coefficients: { kind: 'measured', measured } };
  const what = { processor: 'on another processor', cores: 'with other cores', zkmlc: 'with another zkmlc' }[other];
  return { coefficients: { kind: 'defaults', because: `measured ${what} on ${measured}: run zkmlc calibrate-cost` } };
}
