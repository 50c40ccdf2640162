// zkmlc calibrate-cost: measures what proofs take on this machine, so that slicing predicts with figures of its own.
import type { Command } from 'commander';
import {
  type Calibration,
  createCompiler,
  encodeCalibration,
  PLONK_COEFFICIENTS,
  PLONK_FIGURES,
} from '../../compiler/index.ts';
import { prepareCachedFile, writeCachedFile } from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { type CostCalibration, calibrateCost } from '../cost-calibration.ts';
import { CALIBRATION_FILE, thisMachine } from '../cost-models.ts';
import { usage, whole } from '../options.ts';
import { showBytes, table } from '../table.ts';

interface CalibrateFlags {
  readonly runs: number;
}

const MOST_RUNS = 100;

export function registerCalibrateCost(program: Command, cx: CommandContext): void {
  program
    .command('calibrate-cost')
    .description('measure the native prover on this machine, for the predictions of cost model plonk')
    .option('--runs <n>', 'timed proofs of each of the synthetic models; the fastest counts', whole, 3)
    .option('--json', 'print as JSON')
    .action(async ({ runs }: CalibrateFlags) => {
      if (runs < 1 || runs > MOST_RUNS) throw usage(`--runs expects a number from 1 to ${MOST_RUNS}, got ${runs}`);
      const { console, signal } = cx;
      prepareCachedFile(CALIBRATION_FILE);
      const onProgress = (what: string, fraction: number): void => console.progress(what, fraction);
      const measured = await calibrateCost(createCompiler(), { runs, onProgress, signal });
      signal.throwIfAborted();
      const { seconds, bytes } = measured;
      const calibration: Calibration = {
        measured: new Date().toISOString().slice(0, 10),
        machine: thisMachine(),
        coefficients: { seconds: seconds.coefficients, bytes: bytes.coefficients },
      };
      const path = writeCachedFile(CALIBRATION_FILE, Buffer.from(encodeCalibration(calibration)));
      console.clearProgress();
      console.result(describe(measured, calibration, path), {
        ...calibration,
        samples: measured.samples.map((s, i) => ({
          ...s,
          predicted: { seconds: seconds.predicted[i], bytes: bytes.predicted[i] },
        })),
        path,
      });
    });
}

function describe(
  { samples, seconds, bytes }: CostCalibration,
  { machine, coefficients }: Calibration,
  path: string,
): string {
  const error = (predicted: number, actual: number): string => {
    const percent = Math.round(100 * (predicted / actual - 1));
    return `${percent > 0 ? '+' : ''}${percent} %`;
  };
  const models = samples.map(({ name, counts, figures }, i) => [
    name,
    ...[counts.cells, counts.lookups, counts.weightCells, counts.macs, counts.rounds, counts.portCells].map(String),
    milliseconds(figures.seconds),
    milliseconds(seconds.predicted[i]!),
    error(seconds.predicted[i]!, figures.seconds),
    showBytes(figures.bytes),
    showBytes(Math.round(bytes.predicted[i]!)),
    error(bytes.predicted[i]!, figures.bytes),
  ]);
  const header = ['model', 'cells', 'lookups', 'weights', 'macs', 'rounds', 'boundary cells', 'time', 'fit', 'error'];
  const rows = (['fixed', ...PLONK_FIGURES] as const).map((key) => [
    key,
    ...[coefficients.seconds[key], PLONK_COEFFICIENTS.seconds[key]].map(number),
    ...[coefficients.bytes[key], PLONK_COEFFICIENTS.bytes[key]].map(number),
  ]);
  return [
    `${machine.processor}, ${machine.cores} cores, zkmlc ${machine.zkmlc}`,
    '',
    table([[...header, 'memory', 'fit', 'error'], ...models], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    '',
    table([['coefficient', 'seconds', 'default', 'bytes', 'default'], ...rows], [1, 2, 3, 4]),
    '',
    `cost model plonk uses these coefficients from now on: ${path}`,
  ].join('\n');
}

const milliseconds = (seconds: number): string => `${(1000 * seconds).toFixed(0)} ms`;

const number = (x: number | undefined): string => (x === undefined ? '' : String(Number(x.toPrecision(3))));
