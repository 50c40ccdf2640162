// zkmlc root: the model root of an artifact, for verifiers to trust.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { isRunVerifier, loadRun, loadVerifier } from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';

export function registerRoot(program: Command, cx: CommandContext): void {
  program
    .command('root')
    .description('print the model root: the digest that stands for graph, weights, scales and keys')
    .argument('<model.zkml>', 'the artifact, or its verifier folder')
    .option('--json', 'print as JSON')
    .action((folder: string) => {
      const verifier = verifierFolder(folder);
      const { root, description } = isRunVerifier(verifier) ? loadRun(verifier) : loadVerifier(verifier);
      cx.console.result(root, { model: description.model, root });
    });
}

/** The verifier's folder, given that or the artifact that contains it. */
export function verifierFolder(folder: string): string {
  return existsSync(join(folder, 'manifest.json')) ? join(folder, 'verifier') : folder;
}
