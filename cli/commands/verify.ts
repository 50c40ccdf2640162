// zkmlc verify: checks a proof with the verifier's folder alone and states what it proves.

import type { Command } from 'commander';
import { printable } from '../../compiler/index.ts';
import { type PortStatement, type Verdict, verify } from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { usage } from '../options.ts';
import { privateIn, secrecyOf } from '../secrecy.ts';
import { showNumbers } from '../table.ts';
import { verifierFolder } from './root.ts';

interface VerifyFlags {
  readonly modelRoot?: string;
  readonly production?: boolean;
}

export function registerVerify(program: Command, cx: CommandContext): void {
  program
    .command('verify')
    .description("verify a proof; reads the verifier's folder and the proof, nothing else")
    .argument('<verifier>', 'the folder model.zkml/verifier (or the artifact that contains it)')
    .argument('<proof.zkp>', 'the proof')
    .option('--model-root <hex>', 'the model root you trust: any other is refused')
    .option('--production', 'refuse development keys, whose maker could forge')
    .option('--json', 'print the statement as JSON')
    .action((folder: string, proof: string, flags: VerifyFlags) => {
      if (flags.modelRoot !== undefined && !/^[0-9a-f]{64}$/i.test(flags.modelRoot))
        throw usage('--model-root expects 64 hex digits');
      const verdict = verify({
        verifier: verifierFolder(folder),
        proof,
        ...(flags.modelRoot !== undefined && { modelRoot: flags.modelRoot }),
        ...(flags.production !== undefined && { production: flags.production }),
      });
      cx.console.result(describeVerdict(verdict), { accepted: true, ...verdict });
    });
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

function describePort(p: PortStatement, zeroKnowledge: boolean): string {
  const head = `  ${p.role} ${printable(p.name)} [${p.shape.join(', ')}]`;
  if (p.commitment !== undefined) return `${head} committed: ${p.commitment}`;
  if (p.reals === undefined || p.integers === undefined) return `${head} ${privateIn(zeroKnowledge)}`;
  return `${head} = ${showNumbers(p.reals)} (integers times ${p.scale})`;
}
