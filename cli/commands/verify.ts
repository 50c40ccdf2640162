// zkmlc verify: checks a proof with the verifier's folder alone and states what it proves.

import type { Command } from 'commander';
import { type PortStatement, type Verdict, verify } from '../../runtime/index.ts';
import { usage } from '../options.ts';
import type { CommandContext } from '../program.ts';
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
    `accepted: ${v.model} (${v.proofSystem}, ${v.constraints} constraints, about ${v.securityBits} bits, ${v.zeroKnowledge ? 'zero-knowledge' : 'not zero-knowledge'})`,
    ...v.ports.filter((p) => p.role !== 'param' || p.visibility === 'committed').map(describePort),
    `set-up: ${v.setup}`,
    v.rootCompared
      ? `model root ${v.root} (the one you gave)`
      : `model root ${v.root} (not compared: give --model-root to bind the proof to a model you trust)`,
  ].join('\n');
}

const SHOWN = 10;

function describePort(p: PortStatement): string {
  const head = `  ${p.role} ${p.name} [${p.shape.join(', ')}]`;
  if (p.commitment !== undefined) return `${head} committed: ${p.commitment}`;
  if (p.reals === undefined || p.integers === undefined) return `${head} private`;
  const more = p.reals.length > SHOWN ? `, ... ${p.reals.length - SHOWN} more` : '';
  const list = p.reals.slice(0, SHOWN).map((x) => Number(x.toPrecision(6)));
  return `${head} = ${list.join(', ')}${more} (integers times ${p.scale})`;
}
