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
import { type Audit, type AuditMethod, checkAudit, detectionProbability, readAudit } from './audit.ts';
import { signalForm } from './committer.ts';
import { type LoadedRun, loadRun, verifiersInOrder } from './run-verifier.ts';
import { sliceSignals } from './slice-signals.ts';

/** Largest run that is read (bytes). */
const MAX_RUN_BYTES = 2 ** 31 - 1;

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
  /** Path of an audit: the run must be its answer, the proofs of the very slices that it draws. */
  readonly audit?: string;
}

/** How an audit chose, and what that is worth. */
export interface AuditVerdict {
  readonly method: AuditMethod['kind'];
  /**
   * Probability that a prover who cheats in 1, 2, 3 slices is caught (a lower bound for policies), if the seed was unknown
   * when it committed. Empty where slices were named.
   */
  readonly detection: readonly number[];
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
  /** Present if an audit was given, and the run answers it. */
  readonly audit?: AuditVerdict;
  /** How weights are bound: as constants of the circuits, by commitment, not at all. */
  readonly weights: 'fixed' | 'public' | 'private' | 'committed';
  /** Inputs and outputs of the model. Of a run that is not complete, what the prover claims of them. */
  readonly ports: readonly PortStatement[];
  /** Tensors between slices that are bound by commitments. */
  readonly links: number;
}

/**
 * Verifies a sliced run against a verifier's folder.
 * @throws Diagnostic `wrong-root` for another model, `development-setup` in production mode, `bad-run`, `wrong-slice` for a
 * folder that was changed, `bad-run-file`, `other-commitments`, `wrong-draw`, `wrong-slices` for an audit, `proof-refused` for anything else that is not a run of this model. Slices without
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
  const file = readRun(options.run);
  try {
    return judge(run, file, options);
  } catch (e) {
    throw e instanceof Diagnostic && e.where.file === undefined ? e.at({ file: options.run }) : e;
  }
}

function judge(run: LoadedRun, { statement, proofs }: RunFile, options: VerifyRunOptions): RunVerdict {
  const { modelRoot, production } = options;
  const { description, root } = run;
  const { slices, tensors } = description;
  checkStatement(run, statement);
  for (const slice of proofs.keys())
    if (slice >= slices.length)
      throw new Diagnostic(
        'proof-refused',
        `there is a proof of slice ${slice}, the model has ${slices.length} slices`,
      );
  const audit =
    options.audit === undefined ? undefined : answered(readAudit(options.audit), run, { statement, proofs });
  let constraints = 0;
  let weights: RunVerdict['weights'] = 'fixed';
  let weakest: Pick<LoadedVerifier['system'], 'setup' | 'production' | 'securityBits' | 'zeroKnowledge'> | undefined;
  const verifierOf = verifiersInOrder(run);
  // Slices without proofs are read too: whoever trusts the root trusts these files.
  for (const s of slices.keys()) {
    const verifier = verifierOf(s);
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
    weights = verifier.description.ports.find((p) => p.role === 'param')?.visibility ?? weights;
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
    // Commitments fix all tensors: a false run has a slice that is false about them, whose proof must pass by itself.
    securityBits: Math.floor(securityBits),
    slices: slices.map((s) => s.name),
    coverage: coverageOf(description, [...proofs.keys()]),
    ...(audit !== undefined && { audit }),
    weights,
    ports: portsOf(tensors, statement.tensors),
    links: tensors.filter((t) => t.producer >= 0 && t.consumers.length > 0 && t.visibility === 'committed').length,
  };
}

/** Reads a run. @throws Diagnostic `file-missing`, `bad-run-file`, `wrong-version`; each names the file. */
export function readRun(file: string): RunFile {
  try {
    return decodeRunFile(readBounded(file, MAX_RUN_BYTES));
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file }) : e;
  }
}

/** @throws Diagnostic `other-commitments`, `wrong-draw`, `wrong-slices` for an answer with other slices than those drawn. */
function answered(audit: Audit, { description }: LoadedRun, { statement, proofs }: RunFile): AuditVerdict {
  const { slices } = description;
  checkAudit(audit, statement, slices);
  const names = (list: readonly number[]): string => list.map((s) => slices[s]!.name).join(', ') || 'none';
  const proved = [...proofs.keys()];
  if (proved.length !== audit.slices.length || proved.some((s, i) => s !== audit.slices[i]))
    throw new Diagnostic(
      'wrong-slices',
      `the audit drew ${names(audit.slices)}, the run has proofs of ${names(proved)}: this is no answer to it`,
    );
  const { method } = audit;
  const detection = [1, 2, 3].flatMap((cheats) => detectionProbability(slices, method, cheats) ?? []);
  return { method: method.kind, detection };
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

/** Inputs and outputs of a sliced model as the ports that encoding of users' values expects. */
export function modelPorts(tensors: readonly RunTensor[]): readonly PortDescription[] {
  const port = (t: RunTensor, role: 'input' | 'output', name: string): PortDescription => {
    const { visibility, shape, lo, hi, scale, dtype } = t;
    return { name, role, visibility, shape, lo, hi, scale, ...(dtype !== undefined && { dtype }) };
  };
  return [
    ...tensors.flatMap((t) => (t.input === undefined ? [] : [port(t, 'input', t.input)])),
    ...tensors.flatMap((t) => t.outputs.map((name) => port(t, 'output', name))),
  ];
}
