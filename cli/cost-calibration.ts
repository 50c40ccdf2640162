// Builds the synthetic models of calibrate-cost, proves each in a process of its own, and fits coefficients to what it took.
import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CalibrationModel,
  type Compiler,
  calibrationCounts,
  calibrationModels,
  Diagnostic,
  type Fit,
  fitCoefficients,
  PLONK_COEFFICIENTS,
  type PlonkCounts,
  printModule,
} from '../compiler/index.ts';
import { buildArtifact, type MeasuredProofs, temporaryFolder } from '../runtime/index.ts';

/** What the child is asked to do. */
export interface CalibrationTask {
  readonly artifact: string;
  readonly runs: number;
}

/** What it answers. */
export type CalibrationReply =
  | { readonly ok: true; readonly figures: MeasuredProofs }
  | { readonly ok: false; readonly message: string };

/** One synthetic model, measured. */
export interface CalibrationSample {
  readonly name: string;
  readonly doc: string;
  readonly counts: PlonkCounts;
  readonly figures: MeasuredProofs;
}

/** What was measured, and the coefficients that fit it. */
export interface CostCalibration {
  readonly samples: readonly CalibrationSample[];
  readonly seconds: Fit;
  readonly bytes: Fit;
}

export interface CalibrationOptions {
  /** Timed proofs of each model. */
  readonly runs: number;
  readonly onProgress: (what: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Measures this machine. Nothing is left behind, however it ends.
 * @throws Diagnostic `calibration-failed` if a proof cannot be made; the signal's reason.
 */
export async function calibrateCost(compiler: Compiler, options: CalibrationOptions): Promise<CostCalibration> {
  const folder = temporaryFolder();
  try {
    const samples: CalibrationSample[] = [];
    for (const [i, model] of calibrationModels.entries()) {
      options.onProgress(`measuring ${model.name}: ${model.doc}`, i / calibrationModels.length);
      samples.push(await measure(compiler, model, join(folder, `${model.name}.zkml`), options));
    }
    const fitted = (of: (f: MeasuredProofs) => number, known: Parameters<typeof fitCoefficients>[1]): Fit =>
      fitCoefficients(
        samples.map(({ counts, figures }) => ({ counts, measured: of(figures) })),
        known,
      );
    return {
      samples,
      seconds: fitted((f) => f.seconds, PLONK_COEFFICIENTS.seconds),
      bytes: fitted((f) => f.bytes, PLONK_COEFFICIENTS.bytes),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  compiler: Compiler,
  { name, doc, build }: CalibrationModel,
  output: string,
  { runs, signal }: CalibrationOptions,
): Promise<CalibrationSample> {
  const built = build(compiler.registries.ops);
  const { module, circuit } = built;
  const backend = compiler.registries.backends.get('plonk')!;
  const text = printModule(module);
  const keys = { kind: 'development' } as const;
  await buildArtifact({ output, keys, onProgress: () => {}, onEstimate: () => {}, signal }, async () => ({
    model: name,
    backend: backend.name,
    proofSystem: 'plonk-koalabear',
    float: text,
    int: text,
    circuit,
    portTypes: circuit.ports.map(({ wire }) => {
      const { lo, hi } = circuit.wires[wire]!.range;
      return { lo: Number(lo), hi: Number(hi), scale: '1' };
    }),
    parameters: [...module.constants.values()].map((t) => t.data),
    emit: (folder) => backend.emit(circuit, folder, { model: name, signal }),
  }));
  const figures = await proveInChild({ artifact: output, runs }, name, signal);
  rmSync(output, { recursive: true, force: true });
  return { name, doc, counts: calibrationCounts(built, figures.rows), figures };
}

function proveInChild(task: CalibrationTask, name: string, signal: AbortSignal): Promise<MeasuredProofs> {
  signal.throwIfAborted();
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const child = fork(fileURLToPath(new URL(`./calibrate-cost-child.${suffix}`, import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise<MeasuredProofs>((resolve, reject) => {
    let reply: CalibrationReply | undefined;
    let reason = '';
    const abort = (): void => {
      child.kill('SIGKILL');
    };
    signal.addEventListener('abort', abort, { once: true });
    const settle = (code: number | null, by: NodeJS.Signals | null): void => {
      signal.removeEventListener('abort', abort);
      const why = reply?.ok === false ? reply.message : `${reason} ended with ${by ?? `exit code ${code}`}`.trim();
      if (signal.aborted) reject(signal.reason);
      else if (reply?.ok === true) resolve(reply.figures);
      else reject(new Diagnostic('calibration-failed', `proving the synthetic model ${name} failed: ${why}`));
    };
    child.once('message', (received: CalibrationReply) => {
      reply = received;
    });
    child.once('error', (e) => {
      reason = e.message;
      if (child.pid === undefined) settle(null, null);
    });
    child.once('close', settle);
    child.send(task, (e) => {
      if (e !== null) reason = e.message;
    });
  });
}
