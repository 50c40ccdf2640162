// zkmlc verify: checks a proof with the verifier's folder alone and states what it proves.

import type { Command } from 'commander';
import { Diagnostic, printable } from '../../compiler/index.ts';
import {
  isRunVerifier,
  type PortStatement,
  type Verdict,
  type VerifyOptions,
  verify,
  verifyRun,
} from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { describeRunVerdict } from '../coverage-text.ts';
import { usage } from '../options.ts';
import { describePort } from '../port-text.ts';
import { secrecyOf } from '../secrecy.ts';
import { verifierFolder } from './root.ts';

interface VerifyFlags {
  readonly modelRoot?: string;
  readonly production?: boolean;
  readonly partial?: boolean;
  readonly audit?: string;
}

export function registerVerify(program: Command, cx: CommandContext): void {
  program
    .command('verify')
    .description("verify a proof; reads the verifier's folder and the proof, nothing else")
    .argument('<verifier>', 'the folder model.zkml/verifier (or the artifact that contains it)')
    .argument('<proof.zkp>', 'the proof')
    .option('--model-root <hex>', 'the model root you trust: any other is refused')
    .option('--production', 'refuse development keys, whose maker could forge')
    .option('--audit <audit.json>', 'of a sliced model: the audit that this run answers')
    .option('--partial', 'of a sliced model: accept a run with proofs of some slices only')
    .option('--json', 'print the statement as JSON')
    .action((folder: string, proof: string, flags: VerifyFlags) => {
      if (flags.modelRoot !== undefined && !/^[0-9a-f]{64}$/i.test(flags.modelRoot))
        throw usage('--model-root expects 64 hex digits');
      const verifier = verifierFolder(folder);
      const options = {
        verifier,
        proof,
        ...(flags.modelRoot !== undefined && { modelRoot: flags.modelRoot }),
        ...(flags.production !== undefined && { production: flags.production }),
      };
      if (isRunVerifier(verifier)) return reportRun(options, flags, cx);
      if (flags.audit !== undefined || flags.partial !== undefined)
        throw usage('--audit and --partial are for models that were compiled with --slice or --slice-at');
      const verdict = verify(options);
      cx.console.result(describeVerdict(verdict), { accepted: true, ...verdict });
    });
}

/** @throws Diagnostic `incomplete-run` for a run with proofs of some slices, unless that is what was asked for. */
function reportRun({ proof, ...options }: VerifyOptions, { audit, partial }: VerifyFlags, cx: CommandContext): void {
  const verdict = verifyRun({ ...options, run: proof, ...(audit !== undefined && { audit }) });
  const { complete, proved, slices } = verdict.coverage;
  if (!complete && audit === undefined && partial !== true)
    throw new Diagnostic(
      'incomplete-run',
      `${proved.length} of ${slices} slices are proved: this is no proof of the run; --partial shows what it proves, --audit checks it against an audit`,
      { file: proof },
    );
  cx.console.result(describeRunVerdict(verdict), { accepted: complete, ...verdict });
}

/** The verdict in words. */
export function describeVerdict(v: Verdict): string {
  return [
    `accepted: ${printable(v.model)} (${v.proofSystem}, ${v.constraints} constraints, about ${v.securityBits} bits, ${secrecyOf(v.zeroKnowledge)})`,
    ...v.ports
      .filter((p) => p.role !== 'param' || p.visibility === 'committed')
      .map((p) => describePort(p, v.zeroKnowledge)),
    ...describeWeights(v.ports),
    `set-up: ${v.setup}`,
    v.rootCompared
      ? `model root ${v.root} (the one you gave)`
      : `model root ${v.root} (not compared: give --model-root to bind the proof to a model you trust)`,
  ].join('\n');
}

/** Weights that are neither constants of the circuit nor committed: many numbers, or none that the proof is bound to. */
function describeWeights(ports: readonly PortStatement[]): readonly string[] {
  const weights = ports.filter((p) => p.role === 'param');
  if (weights.some((p) => p.visibility === 'public'))
    return [
      `  weights public: the model's (${weights.reduce((n, p) => n + (p.integers?.length ?? 0), 0)} integers, by digest)`,
    ];
  if (weights.some((p) => p.visibility === 'private'))
    return ['  weights private: the proof holds for some weights in range, not for particular ones'];
  return [];
}
