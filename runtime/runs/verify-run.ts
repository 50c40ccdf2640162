// Verification of a sliced run: every proof against signals computed from the one statement, and what has been covered.
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';
import type { PortDescription } from '../artifact/description.ts';
import { readBounded } from '../artifact/files.ts';
import type { RunDescription, RunTensor } from '../artifact/run-description.ts';
import { decodeRunFile, type RunFile, type RunStatement, type TensorStatement } from '../artifact/run-file.ts';
import type { PortStatement } from '../artifact/statement.ts';
import { decodeIntegers } from '../evaluate/encode.ts';
import type { LoadedVerifier } from '../verify.ts';
import { signalForm } from './committer.ts';
import { type LoadedRun, loadRun, loadSliceVerifier } from './run-verifier.ts';
import { sliceSignals } from './slice-signals.ts';

/** Largest run that is read (bytes). */
export const MAX_RUN_BYTES = 2 ** 31 - 1;

/** What to verify, and what the caller trusts. */
export interface VerifyRunOptions {
  /** Path of the verifier's folder. */
  readonly verifier: string;
  /** Path of the run. */
  readonly run: string;
  /** The model root that the caller trusts, 64 hex digits: another root is refused. */
  readonly modelRoot?: string;
  /** Refuse keys whose set-up someone could have kept the secret of. Only strengthens. */
  readonly production?: boolean;
}

/** How much of a run its proofs cover. Multiply-accumulates stand for the work of the model. */
export interface Coverage {
  /** Indices of the slices that are proved, ascending. */
  readonly proved: readonly number[];
  readonly slices: number;
  readonly macs: number;
  readonly totalMacs: number;
  /** True: every slice is proved, the statement holds of the whole run. */
  readonly complete: boolean;
}

/** What an accepted run proves. */
export interface RunVerdict {
  readonly model: string;
  readonly root: string;
  /** False: the root was computed from the folder and compared with nothing the caller trusts. */
  readonly rootCompared: boolean;
  readonly proofSystem: string;
  readonly backend: string;
  /** Sum over the slices that are proved. */
  readonly constraints: number;
  /** Origin of the set-up, in words. */
  readonly setup: string;
  readonly production: boolean;
  /** Of all proofs together. */
  readonly securityBits: number;
  readonly zeroKnowledge: boolean;
  /** Names of all slices, in order. */
  readonly slices: readonly string[];
  readonly coverage: Coverage;
  /** Inputs and outputs of the model. Of a run that is not complete, what the prover claims of them. */
  readonly ports: readonly PortStatement[];
  /** Tensors between slices that are bound by commitments. */
  readonly links: number;
}

/**
 * Verifies a sliced run against a verifier's folder.
 * @throws Diagnostic `wrong-root` for another model, `development-setup` in production mode, `bad-run`, `wrong-slice` for a
 * folder that was changed, `bad-run-file`, `proof-refused` for anything else that is not a run of this model. Slices without
 * a proof are no error here: the verdict's coverage says so.
 */
export function verifyRun(options: VerifyRunOptions): RunVerdict {
  const run = loadRun(options.verifier);
  if (options.modelRoot !== undefined && options.modelRoot.toLowerCase() !== run.root)
    throw new Diagnostic(
      'wrong-root',
      `the verifier's folder has model root ${run.root}, expected ${options.modelRoot}`,
      {
        file: options.verifier,
      },
    );
  try {
    return judge(run, decodeRunFile(readBounded(options.run, MAX_RUN_BYTES)), options);
  } catch (e) {
    throw e instanceof Diagnostic && e.where.file === undefined ? e.at({ file: options.run }) : e;
  }
}

function judge(
  run: LoadedRun,
  { statement, proofs }: RunFile,
  { modelRoot, production }: VerifyRunOptions,
): RunVerdict {
  const { description, root } = run;
  const { slices, tensors } = description;
  checkStatement(run, statement);
  for (const slice of proofs.keys())
    if (slice >= slices.length)
      throw new Diagnostic(
        'proof-refused',
        `there is a proof of slice ${slice}, the model has ${slices.length} slices`,
      );
  let constraints = 0;
  let weakest: Pick<LoadedVerifier['system'], 'setup' | 'production' | 'securityBits' | 'zeroKnowledge'> | undefined;
  // Slices without proofs are read too: whoever trusts the root trusts these files.
  for (const s of slices.keys()) {
    const verifier = loadSliceVerifier(run, s);
    const { setup, securityBits, zeroKnowledge } = verifier.system;
    if (production && !verifier.system.production)
      throw new Diagnostic('development-setup', `refused in production: ${setup}`, { file: run.folder });
    weakest ??= { setup, production: true, securityBits, zeroKnowledge };
    weakest = {
      setup: verifier.system.production ? weakest.setup : setup,
      production: weakest.production && verifier.system.production,
      securityBits: Math.min(weakest.securityBits, securityBits),
      zeroKnowledge: weakest.zeroKnowledge && zeroKnowledge,
    };
    const proof = proofs.get(s);
    if (proof === undefined) continue;
    checkSliceProof(run, s, verifier, statement, proof);
    constraints += verifier.description.constraints;
  }
  const { securityBits, ...rest } = weakest!;
  return {
    model: description.model,
    root,
    rootCompared: modelRoot !== undefined,
    proofSystem: description.proofSystem,
    backend: description.backend,
    constraints,
    ...rest,
    // Any of the proofs could be the false one: errors add up.
    securityBits: Math.floor(securityBits - Math.log2(Math.max(1, proofs.size))),
    slices: slices.map((s) => s.name),
    coverage: coverageOf(description, [...proofs.keys()]),
    ports: portsOf(tensors, statement.tensors),
    links: tensors.filter((t) => t.producer >= 0 && t.consumers.length > 0 && t.visibility === 'committed').length,
  };
}

/** @throws Diagnostic `proof-refused` naming the slice. */
export function checkSliceProof(
  run: LoadedRun,
  slice: number,
  verifier: LoadedVerifier,
  statement: RunStatement,
  proof: Uint8Array,
): void {
  const { slices, proofSystem } = run.description;
  const { ports } = verifier.description;
  const signals = sliceSignals(slices[slice]!, ports, statement.tensors, signalForm(proofSystem));
  try {
    verifier.system.check(ports, { root: verifier.root, signals, proof });
  } catch (e) {
    if (!(e instanceof Diagnostic)) throw e;
    throw new Diagnostic(e.code, `slice ${quote(slices[slice]!.name)}: ${e.message}`, e.where, { cause: e });
  }
}

/** @throws Diagnostic `wrong-root`, or `proof-refused` for a tensor that is not shown as the run demands. */
export function checkStatement({ description, root }: LoadedRun, statement: RunStatement): void {
  if (statement.root !== root)
    throw new Diagnostic(
      'wrong-root',
      `the run is of the model with root ${statement.root}, this verifier's root is ${root}`,
    );
  const { tensors, proofSystem } = description;
  const refuse = (what: string): Diagnostic => new Diagnostic('proof-refused', what);
  if (statement.tensors.length !== tensors.length)
    throw refuse(`the run states ${statement.tensors.length} tensors, the model has ${tensors.length}`);
  const { bound } = signalForm(proofSystem);
  const kinds = { public: 'integers', committed: 'commitment', private: 'private' } as const;
  for (const [i, t] of tensors.entries()) {
    const stated: TensorStatement = statement.tensors[i]!;
    if (stated.kind !== kinds[t.visibility])
      throw refuse(`tensor ${quote(t.name)} is ${t.visibility}, but the run does not show it so`);
    if (stated.kind === 'commitment' && stated.commitment >= bound)
      throw refuse(`the commitment to tensor ${quote(t.name)} is not canonical`);
    if (stated.kind !== 'integers') continue;
    if (stated.integers.length !== sizeOf(t.shape))
      throw refuse(`tensor ${quote(t.name)} has ${stated.integers.length} integers, expected ${sizeOf(t.shape)}`);
    const outside = stated.integers.findIndex((n) => n < t.lo || n > t.hi);
    if (outside >= 0)
      throw refuse(`tensor ${quote(t.name)}[${outside}] is ${stated.integers[outside]}, outside [${t.lo}, ${t.hi}]`);
  }
}

/** What a set of proved slices covers. */
export function coverageOf({ slices }: RunDescription, proved: readonly number[]): Coverage {
  const sum = (some: readonly number[]): number => some.reduce((n, s) => n + slices[s]!.macs, 0);
  return {
    proved,
    slices: slices.length,
    macs: sum(proved),
    totalMacs: sum([...slices.keys()]),
    complete: proved.length === slices.length,
  };
}

/** Inputs and outputs of the model as ports of a statement. */
export function portsOf(tensors: readonly RunTensor[], stated: readonly TensorStatement[]): readonly PortStatement[] {
  const shown = (i: number, role: 'input' | 'output', name: string): PortStatement => {
    const { visibility, shape, scale } = tensors[i]!;
    const s = stated[i]!;
    const head = { name, role, visibility, shape, scale };
    if (s.kind === 'commitment') return { ...head, commitment: s.commitment.toString() };
    if (s.kind === 'private') return head;
    return { ...head, integers: s.integers, reals: [...decodeIntegers({ scale }, s.integers)] };
  };
  return [
    ...tensors.flatMap((t, i) => (t.input === undefined ? [] : [shown(i, 'input', t.input)])),
    ...tensors.flatMap((t, i) => t.outputs.map((name) => shown(i, 'output', name))),
  ];
}

/** An input of a sliced model as the port that encoding of users' values expects. */
export function inputPorts(tensors: readonly RunTensor[]): readonly PortDescription[] {
  return tensors.flatMap(({ input, visibility, shape, lo, hi, scale, dtype }) => {
    if (input === undefined) return [];
    return [{ name: input, role: 'input', visibility, shape, lo, hi, scale, ...(dtype !== undefined && { dtype }) }];
  });
}
