// Groth16 set-up from secrets known to this process: for development, because whoever runs it could forge proofs.
import { closeSync, openSync, writeSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { openR1cs, type R1csReader, readR1csHeader } from '../../../compiler/ir/iden3/r1cs-reader.ts';
import type { VerificationKey } from './groth16-types.ts';
import { type CircuitScan, createCircuitScan } from './kernel/circuit-scan.ts';
import { ELEMENT_BYTES, instantiateKernel, kernelModule } from './kernel/kernel.ts';
import { createSetupMemory, planSetup, type SetupPlan } from './kernel/setup-plan.ts';
import { createSetupScalars, type SetupScalars } from './kernel/setup-scalars.ts';
import { COUNTER } from './kernel/setup-tasks.ts';
import { type SetupThreads, startThreads } from './kernel/setup-threads.ts';
import { readVerificationKey, ZKEY_SECTION } from './zkey.ts';
import { sectionHead, type ZkeyLayout } from './zkey-layout.ts';

/** How far a set-up is; first constraints are read, then points computed. */
export interface SetupProgress {
  readonly stage: 'constraints' | 'points';
  readonly done: number;
  readonly total: number;
}

export interface DevelopmentSetupOptions {
  readonly r1csPath: string;
  /** Where the proving key goes; it appears only when complete. */
  readonly zkeyPath: string;
  /** Cancels: the promise rejects with Diagnostic `cancelled` once all threads have ended and the file is removed. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  /** Threads that compute points; by default one per core, at least 2 and at most 8. */
  readonly threads?: number | undefined;
}

/** Rows, or variables, between two looks at the signal. */
const STEP = 4096;
const PROGRESS_INTERVAL_MS = 100;

/**
 * Writes a Groth16 proving key (`.zkey`) for a circuit and returns its verification key, origin `development`.
 * The secrets come from node:crypto, exist only in memory and are overwritten before the promise settles.
 * @throws Diagnostic `bad-r1cs` and the like for the circuit, `circuit-too-large`, `empty-circuit`, `file-unwritable`,
 * `cancelled` or `not-built`; no file is left behind then.
 */
export async function developmentSetup(options: DevelopmentSetupOptions): Promise<VerificationKey> {
  const target = resolve(options.zkeyPath);
  const unfinished = `${target}.unfinished-${process.pid}`;
  try {
    await writeKey(options, unfinished);
    const key = readVerificationKey(unfinished, { kind: 'development' });
    await rename(unfinished, target);
    return key;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function writeKey(options: DevelopmentSetupOptions, path: string): Promise<void> {
  const { r1csPath, signal } = options;
  const checkSignal = (): void => {
    if (signal?.aborted)
      throw new Diagnostic('cancelled', 'the set-up was cancelled', { file: r1csPath }, { cause: signal.reason });
  };
  checkSignal();
  const plan = planSetup(readR1csHeader(r1csPath), r1csPath);
  const { memory, wipe } = createSetupMemory(plan);
  const reader = openR1cs(r1csPath, new Uint8Array(memory.buffer, plan.regions.window, plan.windowBytes));
  const file = openKey(path);
  let threads: SetupThreads | undefined;
  try {
    const kernel = instantiateKernel(kernelModule(), memory);
    const running = startThreads(plan, memory, file.fd, options.threads ?? defaultThreads());
    threads = running;
    const check = (): void => {
      checkSignal();
      running.check();
    };
    const scalars = createSetupScalars(kernel, memory.buffer, plan.regions.secrets, plan.power);
    scalars.quotient(plan.regions.quotient);
    plan.headerScalars.forEach(({ secret, slot }) => {
      scalars.packSecret(secret, slot);
    });
    threads.prepareTables(kernel);
    threads.allow(plan.tasksWithoutCircuit);
    scalars.lagrange(plan.regions.lagrange, plan.usedRows);
    for (const { offset, bytes } of plan.layout.pieces) file.write(bytes, offset);
    const coefficients = coefficientFile(file, plan.layout);
    const scan = createCircuitScan(kernel, memory.buffer, plan.regions, reader, coefficients.append);
    await readCircuit(scan, reader, options.onProgress, check);
    coefficients.finish(scan.finish());
    await combineColumns(scalars, plan, check);
    threads.allow(plan.tasks.length);
    await finishPoints(threads, plan, options, checkSignal);
  } finally {
    await threads?.stop();
    wipe();
    reader.close();
    file.close();
  }
}

function defaultThreads(): number {
  return Math.max(2, Math.min(8, availableParallelism()));
}

async function readCircuit(
  scan: CircuitScan,
  reader: R1csReader,
  onProgress: DevelopmentSetupOptions['onProgress'],
  checkSignal: () => void,
): Promise<void> {
  const total = reader.header.rows;
  for (let done = 0; ; ) {
    const read = scan.advance(STEP);
    done += read;
    onProgress?.({ stage: 'constraints', done, total });
    if (read === 0) return;
    await setImmediate();
    checkSignal();
  }
}

/** Turns the columns a, b, c of every variable into packed scalars of the key's points. */
async function combineColumns(scalars: SetupScalars, plan: SetupPlan, checkSignal: () => void): Promise<void> {
  const { columns } = plan.regions;
  const { variables, publicSignals } = plan.sizes;
  for (let j = 0; j < variables; j++) {
    const [a, b, c] = columns.map((column) => column + j * ELEMENT_BYTES);
    scalars.combine(a!, b!, c!, j <= publicSignals ? 'gamma' : 'delta');
    scalars.pack(a!);
    scalars.pack(b!);
    if (j % STEP === STEP - 1) {
      await setImmediate();
      checkSignal();
    }
  }
}

async function finishPoints(
  threads: SetupThreads,
  plan: SetupPlan,
  options: DevelopmentSetupOptions,
  checkSignal: () => void,
): Promise<void> {
  const { signal, onProgress } = options;
  const report = (): void =>
    onProgress?.({ stage: 'points', done: threads.counter(COUNTER.points), total: plan.points });
  const timer = setInterval(report, PROGRESS_INTERVAL_MS);
  const abort = (): void => threads.requestStop();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    checkSignal();
    await threads.finished;
    checkSignal();
    report();
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', abort);
  }
}

interface KeyFile {
  readonly fd: number;
  readonly write: (bytes: Uint8Array, offset: number) => void;
  readonly close: () => void;
}

function openKey(path: string): KeyFile {
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Diagnostic('file-unwritable', `the key cannot be written: ${reason}`, { file: path }, { cause });
    }
  };
  const fd = attempt(() => openSync(path, 'wx'));
  return {
    fd,
    write: (bytes, offset) => {
      for (let done = 0; done < bytes.length; )
        done += attempt(() => writeSync(fd, bytes, done, bytes.length - done, offset + done));
    },
    close: () => closeSync(fd),
  };
}

/** Appends entries of the coefficient section and fills in its size and count. */
function coefficientFile(file: KeyFile, { coefficients }: ZkeyLayout) {
  let end = coefficients + 4;
  return {
    append: (entries: Uint8Array): void => {
      file.write(entries, end);
      end += entries.length;
    },
    finish: (count: number): void => {
      file.write(sectionHead(ZKEY_SECTION.coefficients, end - coefficients), coefficients - 12);
      file.write(new Uint8Array(Uint32Array.of(count).buffer), coefficients);
    },
  };
}
