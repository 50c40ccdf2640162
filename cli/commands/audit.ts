// zkmlc audit: chooses, after the commitments of a run, the slices that its prover has to prove.
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { printable } from '../../compiler/index.ts';
import {
  type AuditMethod,
  drawAudit,
  encodeAudit,
  freshSeed,
  isSeed,
  loadRun,
  type RunSlice,
  readPolicy,
  readRun,
  sampleCount,
  slicesByName,
} from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { collect, parseNames, usage } from '../options.ts';
import { verifierFolder } from './root.ts';

interface AuditFlags {
  readonly output: string;
  readonly sample?: string;
  readonly slices?: readonly string[];
  readonly policy?: string;
  readonly seed?: string;
}

export function registerAudit(program: Command, cx: CommandContext): void {
  program
    .command('audit')
    .description('choose slices of a committed run that its prover has to prove')
    .argument('<verifier>', 'the folder model.zkml/verifier (or the artifact that contains it)')
    .argument('<run.zkc>', 'the commitments: the output of prove --commit-only')
    .requiredOption('-o, --output <audit.json>', 'the audit to write')
    .option('--sample <share>', 'draw this share of the slices, such as 20%')
    .option('--policy <risk.json>', 'draw by weights of nodes: { "sample": 0.2, "weights": { "node": 5 } }')
    .option('--slices <names>', 'these slices (separated by commas, repeatable)', collect)
    .option('--seed <hex>', 'randomness that nobody knew before the commitments, such as a beacon; fresh by default')
    .option('--json', 'print the audit as JSON')
    .action((folder: string, file: string, flags: AuditFlags) => {
      const { description, root } = loadRun(verifierFolder(folder));
      const { statement } = readRun(file);
      if (statement.root !== root) throw usage(`${file} is a run of another model`);
      const { seed = freshSeed() } = flags;
      if (!isSeed(seed)) throw usage('--seed expects hex digits, 32 at least and an even number');
      const audit = drawAudit(statement, description.slices, methodOf(flags, description.slices), seed.toLowerCase());
      writeFileSync(flags.output, encodeAudit(audit));
      const names = audit.slices.map((s) => printable(description.slices[s]!.name)).join(', ');
      cx.console.result(
        `audit of ${audit.slices.length} of ${description.slices.length} slices: ${names}\nanswer it with: zkmlc prove model.zkml --run ${file} --audit ${flags.output} -o run.zkp`,
        audit,
      );
    });
}

/** @throws Diagnostic `usage` unless exactly one way to choose is given. */
function methodOf({ sample, slices, policy }: AuditFlags, all: readonly RunSlice[]): AuditMethod {
  if ([sample, slices, policy].filter((x) => x !== undefined).length !== 1)
    throw usage('audit expects one of --sample, --slices and --policy');
  if (slices !== undefined) return { kind: 'slices', slices: slicesByName(all, parseNames(slices)!) };
  if (sample !== undefined) return { kind: 'sample', count: sampleCount(parseShare(sample), all.length) };
  const { sample: fraction, weights } = readPolicy(policy!);
  return { kind: 'policy', count: sampleCount(fraction, all.length), weights };
}

/** `20%` or `0.2`. */
function parseShare(text: string): number {
  const match = /^(\d{1,3}(?:\.\d{1,6})?)(%?)$/.exec(text);
  const share = Number(match?.[1] ?? 0) / (match?.[2] === '%' ? 100 : 1);
  if (!(share > 0 && share <= 1)) throw usage(`--sample expects a share such as 20%, got ${JSON.stringify(text)}`);
  return share;
}
