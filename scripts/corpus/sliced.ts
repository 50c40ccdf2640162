// Models of the corpus in slices: each in a process of its own with a limit of time, compared with the unsliced integers.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Compiler,
  Diagnostic,
  evaluateBoth,
  type LoadedModel,
  type LoadOptions,
  type Slicing,
  sliceModule,
} from '../../compiler/index.ts';
import type { Module } from '../../compiler/ir/module.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { plonk } from '../../compiler/passes/cost/plonk.ts';
import { commitOnly, type PortStatement, proveRun, verifyRun } from '../../runtime/index.ts';

/** Seconds that one model may take. */
const LIMIT = 600;

/** Cuts into so many slices alike in cost; into fewer where the model has fewer layers. */
function cut(compiler: Compiler, int: Module, slices: number): Slicing {
  const cx = { ops: compiler.registries.ops, costModel: plonk };
  for (let n = slices; ; n--) {
    try {
      return sliceModule(int, { objective: { kind: 'largest' }, limits: { slices: n } }, cx);
    } catch (e) {
      if (n === 1 || !(e instanceof Diagnostic)) throw e;
    }
  }
}

/**
 * Compiles a model in slices and runs these one after the other; with `prove` every slice is proved, and the run verified.
 * The integers shown must be those of the whole model. @returns what was done, in words.
 */
export async function runSliced(
  compiler: Compiler,
  options: LoadOptions,
  loaded: LoadedModel,
  inputs: ReadonlyMap<string, Tensor>,
  { slices, prove }: { readonly slices: number; readonly prove: boolean },
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-corpus-'));
  try {
    const [artifact, output] = [join(folder, 'model.zkml'), join(folder, 'run.zkp')];
    const { slicing, root } = await compiler.compile({
      ...options,
      output: artifact,
      backend: 'plonk',
      slice: (int) => cut(compiler, int, slices),
    });
    const run = { artifact, inputs: new Map(inputs), output };
    let ports: readonly PortStatement[];
    if (prove) {
      await proveRun(run);
      const verdict = verifyRun({ verifier: join(artifact, 'verifier'), run: output, modelRoot: root });
      if (!verdict.coverage.complete) throw new Error('the run does not cover all slices');
      ports = verdict.ports;
    } else ports = (await commitOnly(run)).ports;
    let compared = 0;
    for (const o of evaluateBoth(loaded, compiler.registries.ops, inputs).outputs) {
      const shown = ports.find((p) => p.role === 'output' && p.name === o.name)?.integers;
      if (
        shown === undefined ||
        shown.length !== o.integers.data.length ||
        shown.some((n, i) => n !== o.integers.data[i])
      )
        throw new Error(
          `${slicing!.slices.length} slices: output ${o.name} differs from the integers of the whole model`,
        );
      compared += shown.length;
    }
    const made = slicing!.slices.length;
    const fewer = made < slices ? ` (no more layers to cut at)` : '';
    return `${made} slices${fewer}, ${compared} output integers equal${prove ? ', run proved and verified' : ''}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the script again for one model only, as a child that has a limit of time. @returns why it failed, or undefined. */
export function inOwnProcess(script: string, args: readonly string[]): string | undefined {
  const { status, signal, error } = spawnSync(process.execPath, [...process.execArgv, script, ...args], {
    stdio: 'inherit',
    timeout: LIMIT * 1000,
    killSignal: 'SIGKILL',
  });
  if (error !== undefined && 'code' in error && error.code === 'ETIMEDOUT') return `not finished after ${LIMIT} s`;
  if (signal !== null) return `ended by ${signal}`;
  return status === 0 ? undefined : 'failed, see above';
}
