// A child process of the benchmark: compiles a model, or proves and verifies it several times, and reports the figures.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createCompiler, Diagnostic, formatDiagnostic } from '../../compiler/index.ts';
import { ARTIFACT_FILES } from '../../runtime/artifact/artifact.ts';
import { encodeProofFile } from '../../runtime/artifact/proof-file.ts';
import { loadProver, verifyBytes } from '../../runtime/index.ts';
import { createNativeProver } from '../../runtime/native-prover.ts';
import { VERIFIER_FILES } from '../../runtime/verify.ts';
import type { ChildResult, ChildTask, CompileFigures, ProveFigures, RunFigures } from './measurement.ts';
import { benchModels } from './models.ts';

const ARTIFACT = 'model.zkml';

/** Seconds since the last call. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}

/** Adds up the time from the beginning of each phase to the next; a phase may begin several times. */
function phaseTimer(): { readonly begin: (phase: string) => void; readonly end: () => (readonly [string, number])[] } {
  const clock = stopwatch();
  const seconds = new Map<string, number>();
  let phase = 'columns';
  const begin = (next: string): void => {
    seconds.set(phase, (seconds.get(phase) ?? 0) + clock());
    phase = next;
  };
  return {
    begin,
    end: () => {
      begin('');
      return [...seconds];
    },
  };
}

const peakMemory = (): number => process.resourceUsage().maxRSS * 1024;

const fileBytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

async function compileModel({ model, bits, folder }: ChildTask & { kind: 'compile' }): Promise<CompileFigures> {
  const options = benchModels([model])[0]!.prepare(folder, bits);
  const output = join(folder, ARTIFACT);
  const { seconds } = await createCompiler().compile({ ...options, output, backend: 'plonk' });
  return {
    compile: seconds.compile,
    registration: seconds.setup,
    keyBytes: fileBytes(join(output, ARTIFACT_FILES.verifier, VERIFIER_FILES.key)),
    weightBytes: fileBytes(join(output, ARTIFACT_FILES.parameters)) + fileBytes(join(output, ARTIFACT_FILES.weights)),
    memory: peakMemory(),
  };
}

async function proveModel({ model, folder, runs }: ChildTask & { kind: 'prove' }): Promise<ProveFigures> {
  const { inputs } = benchModels([model])[0]!;
  const clock = stopwatch();
  const prover = await loadProver(join(folder, ARTIFACT));
  const { circuit, parameters, verifier, weightsPath } = prover;
  const { system, description, root } = verifier;
  if (system.proofSystem !== 'plonk-koalabear') throw new RangeError('the artifact is not of the native prover');
  const { key } = system;
  const native = createNativeProver({ circuit, parameters, ports: description.ports, key, weightsPath });
  const load = clock();
  const figures: RunFigures[] = [];
  for (let run = 0; run <= runs; run++) {
    const reals = await inputs(run);
    const before = process.cpuUsage();
    clock();
    const prepared = native.prepare(reals, { clamp: true });
    const witness = clock();
    const phases = phaseTimer();
    const shown = prepared.prove(phases.begin);
    const bytes = encodeProofFile({ root, ...shown });
    const proof = clock();
    const { user, system: kernel } = process.cpuUsage(before);
    const spent = phases.end();
    verifyBytes(verifier, bytes, 'the proof');
    const verify = clock();
    figures.push({
      witness,
      prove: witness + proof,
      verify,
      processor: (user + kernel) / 1e6,
      proofBytes: bytes.length,
      phases: spent,
    });
  }
  return { load, runs: figures.slice(1), securityBits: key.securityBits, memory: peakMemory() };
}

async function answer(task: ChildTask): Promise<ChildResult> {
  try {
    return task.kind === 'compile'
      ? { kind: 'compile', figures: await compileModel(task) }
      : { kind: 'prove', figures: await proveModel(task) };
  } catch (e) {
    if (e instanceof Diagnostic) return { kind: 'refused', reason: formatDiagnostic(e) };
    return { kind: 'refused', reason: e instanceof Error ? (e.stack ?? e.message) : String(e) };
  }
}

process.once('message', async (task: ChildTask) => {
  const result = await answer(task);
  process.send!(result, undefined, undefined, () => process.exit(0));
});
