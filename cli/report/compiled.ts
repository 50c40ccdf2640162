// What a compiled model, and a run or proof of it, add to a report: measured figures, commitments, what was verified.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Compiler,
  Diagnostic,
  deserializeCircuit,
  formatDiagnostic,
  inspectModel,
  readModuleText,
} from '../../compiler/index.ts';
import {
  ARTIFACT_FILES,
  checkedFile,
  decodeProofFile,
  decodeRunFile,
  type LoadedRun,
  loadVerifier,
  type Manifest,
  type MeasuredProof,
  type RunFile,
  readManifest,
  readMeasured,
  type TensorStatement,
  verifiersInOrder,
  verify,
  verifyRun,
} from '../../runtime/index.ts';
import { describeAudit } from '../coverage-text.ts';
import { usage } from '../options.ts';
import { secrecyOf, secrecyWarning } from '../secrecy.ts';
import type { LinkedTensorState, MeasuredSlice, Report, ReportVerdict } from './report.ts';

/** What is verified for a report. */
export interface RunToShow {
  /** Path of a run, or of a proof. */
  readonly run?: string;
  /** Path of the audit that the run answers. */
  readonly audit?: string;
}

/** What is added to the report of a compiled model. */
export interface CompiledFigures
  extends Pick<Report, 'facts' | 'warnings' | 'measured' | 'constraints' | 'tensors' | 'verdict'> {}

/**
 * Constraints of each layer, counted in the circuit of one artifact; none for the native prover, whose circuits have no
 * rows.
 */
async function constraintsIn(folder: string, compiler: Compiler): Promise<readonly (readonly [string, number])[]> {
  const manifest = readManifest(folder);
  const int = await checkedFile(folder, manifest, ARTIFACT_FILES.int);
  const module = await readModuleText(await readFile(int, 'utf8'), compiler.registries.ops, { file: int });
  const circuit = await readFile(await checkedFile(folder, manifest, ARTIFACT_FILES.circuit));
  return inspectModel(module, deserializeCircuit(circuit)).nodes.map(
    ({ node, op, cost }) => [node === '' ? op : node, cost.rows] as const,
  );
}

function addUp(parts: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [name, rows] of parts) sums.set(name, (sums.get(name) ?? 0) + rows);
  return sums;
}

/**
 * Figures of a sliced artifact.
 * @throws Diagnostic what reading the artifact and {@link verifyRun} throw.
 */
export async function runFigures(
  folder: string,
  manifest: Manifest,
  { description, root, folder: verifier }: LoadedRun,
  compiler: Compiler,
  { run: file, audit }: RunToShow,
): Promise<CompiledFigures> {
  const { slices, tensors, backend, proofSystem } = description;
  if (audit !== undefined && file === undefined) throw usage('--audit is for a run: give --run');
  const verifierOf = verifiersInOrder({ description, root, folder: verifier });
  const verifiers = slices.map((_, i) => verifierOf(i));
  const { setup, securityBits, zeroKnowledge } = verifiers[0]!.system;
  const verdict =
    file === undefined ? undefined : verifyRun({ verifier, run: file, ...(audit !== undefined && { audit }) });
  const run = file === undefined ? undefined : decodeRunFile(readFileSync(file));
  const { measured, warnings } = measurementsOf(file, run);
  const rows: (readonly [string, number])[] = [];
  if (proofSystem === 'groth16-bn254')
    for (const id of new Set(slices.map((s) => s.id))) {
      await checkedFile(folder, manifest, `${ARTIFACT_FILES.slices}/${id}/${ARTIFACT_FILES.manifest}`);
      const counted = await constraintsIn(join(folder, ARTIFACT_FILES.slices, id), compiler);
      // Slices number their nodes; equal ones have nodes of their own, in the same order.
      const numbered = [...new Set(counted.map(([node]) => node))];
      for (const { nodes } of slices.filter((s) => s.id === id))
        rows.push(...counted.map(([node, count]) => [nodes[numbered.indexOf(node)] ?? node, count] as const));
    }
  return {
    facts: facts({
      backend,
      proofSystem,
      root,
      setup,
      securityBits: verdict?.securityBits ?? securityBits,
      zeroKnowledge,
    }),
    warnings: [
      ...warnings,
      ...secrecyWarning(
        zeroKnowledge,
        tensors.filter((t) => t.visibility !== 'public').map((t) => t.name),
      ),
    ],
    measured: slices.map((s, i): MeasuredSlice => {
      const proof = run?.proofs.get(i);
      const took = proof === undefined ? undefined : measured.get(s.name);
      return {
        constraints: verifiers[i]!.description.constraints,
        macs: s.macs,
        ...(proof !== undefined && { proofBytes: proof.length }),
        ...(took !== undefined && { seconds: took.seconds, peakBytes: took.peakBytes }),
      };
    }),
    ...(rows.length > 0 && { constraints: addUp(rows) }),
    tensors: tensors.map(({ visibility }, i) => stateOf(visibility, run?.statement.tensors[i])),
    ...(verdict !== undefined && { verdict: describeRun(verdict) }),
  };
}

/** What the prover measured, if that is beside the run: nobody can check it, and it decides nothing. */
function measurementsOf(
  file: string | undefined,
  run: RunFile | undefined,
): { readonly measured: ReadonlyMap<string, MeasuredProof>; readonly warnings: readonly string[] } {
  if (file === undefined || run === undefined) return { measured: new Map(), warnings: [] };
  try {
    return { measured: readMeasured(file, run.statement), warnings: [] };
  } catch (e) {
    if (!(e instanceof Diagnostic)) throw e;
    return { measured: new Map(), warnings: [`measured times are not shown: ${formatDiagnostic(e)}`] };
  }
}

function stateOf(visibility: LinkedTensorState['visibility'], stated: TensorStatement | undefined): LinkedTensorState {
  if (stated?.kind === 'commitment') return { visibility, commitment: stated.commitment.toString() };
  return stated?.kind === 'integers' ? { visibility, integers: stated.integers } : { visibility };
}

function facts(of: {
  readonly backend: string;
  readonly proofSystem: string;
  readonly root: string;
  readonly setup: string;
  readonly securityBits: number;
  readonly zeroKnowledge: boolean;
}): Report['facts'] {
  return [
    ['backend', `${of.backend}, ${of.proofSystem}, about ${of.securityBits} bits, ${secrecyOf(of.zeroKnowledge)}`],
    ['model root', of.root],
    ['set-up', of.setup],
  ];
}

/** What a verified run proves, in a sentence. */
function describeRun({ coverage, slices, links, audit }: ReturnType<typeof verifyRun>): ReportVerdict {
  const { proved, macs, totalMacs, complete } = coverage;
  const percent =
    totalMacs === 0 ? '' : `, ${Number(((100 * macs) / totalMacs).toPrecision(3))} % of multiply-accumulates`;
  const names = proved.map((s) => slices[s]!).join(', ');
  return {
    summary: complete
      ? `accepted: the whole run, ${slices.length} slices verified, ${links} tensors between them linked by commitments`
      : `accepted in part: ${names === '' ? 'none' : names} of ${slices.length} slices${percent}; this is not a proof of the whole run`,
    notes: [
      `coverage: ${macs} of ${totalMacs} multiply-accumulates are in slices that are proved`,
      ...(audit === undefined
        ? []
        : ['the proofs are those of the slices that the audit drew', ...describeAudit(audit)]),
    ],
    complete,
    proved: new Set(proved),
  };
}

/** The same for an artifact that is not sliced: one slice, and a proof instead of a run. */
export async function wholeFigures(
  folder: string,
  compiler: Compiler,
  { run: proof, audit }: RunToShow,
): Promise<CompiledFigures> {
  if (audit !== undefined) throw usage('--audit: for models that were compiled with --slice or --slice-at');
  const verifier = join(folder, ARTIFACT_FILES.verifier);
  const { description, system, root } = loadVerifier(verifier);
  const verdict = proof === undefined ? undefined : verify({ verifier, proof });
  const native = system.proofSystem === 'plonk-koalabear';
  const size = proof === undefined ? undefined : decodeProofFile(readFileSync(proof)).proof.length;
  return {
    facts: facts({ ...description, ...system, proofSystem: description.proofSystem, root }),
    warnings: secrecyWarning(
      system.zeroKnowledge,
      description.ports.filter((p) => p.role !== 'param' && p.visibility !== 'public').map((p) => p.name),
    ),
    measured: [{ constraints: description.constraints, ...(size !== undefined && { proofBytes: size }) }],
    ...(!native && { constraints: addUp(await constraintsIn(folder, compiler)) }),
    ...(verdict !== undefined && {
      verdict: { summary: 'accepted: the proof verifies', notes: [], complete: true, proved: new Set([0]) },
    }),
  };
}

/** @throws Diagnostic `usage` for a run or an audit where there is no artifact. */
export function refuseRun({ run, audit }: RunToShow): void {
  if (run !== undefined || audit !== undefined)
    throw usage('--run, --audit: for artifacts; a model (.onnx) has not been compiled and has no proofs');
}
