// The pages and passages that are generated: lists of operators and passes, and the sessions shown in the README.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** Runs the command from its sources. @returns what it prints. */
async function zkmlc(args: readonly string[], cwd: string, cache: string): Promise<string> {
  const tsx = createRequire(import.meta.url).resolve('tsx/cli');
  const env = { ...process.env, ZKMLC_CACHE: cache, NO_COLOR: '1' };
  const { stdout } = await run(process.execPath, [tsx, join(ROOT, 'cli', 'main.ts'), ...args], { cwd, env });
  return stdout.trimEnd();
}

/** Runs each `$ npx zkmlc ...` of a session in an empty folder in which `examples` is the project's. */
async function replay(session: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-session-'));
  try {
    symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'), 'dir');
    const lines: string[] = [];
    const variables = new Map<string, string>();
    for (const line of session.split('\n').filter((l) => l.startsWith('$ '))) {
      lines.push(line);
      const assigned = /^\$ ([A-Z]+)=(\S+)$/.exec(line);
      if (assigned !== null) {
        variables.set(assigned[1]!, assigned[2]!);
        continue;
      }
      const words = line
        .slice(2)
        .replace(/\$([A-Z]+)/g, (_, name: string) => variables.get(name) ?? '')
        .split(' ');
      if (words[0] !== 'npx' || words[1] !== 'zkmlc') throw new Error(`the session runs something else: ${line}`);
      lines.push(await zkmlc(words.slice(2), folder, join(folder, 'cache')));
    }
    return lines.join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Blocks of commands with what they print. */
const SESSIONS = /(?<=```console\n)[\s\S]*?(?=\n```)/g;

/** Text of each generated page by its path, relative to the project. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  const list = async (command: string): Promise<string> => `${await zkmlc([command, '--markdown'], ROOT, '')}\n`;
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const sessions = readme.match(SESSIONS) ?? [];
  if (sessions.length === 0) throw new Error('README.md has no session in a block of the kind `console`');
  const replayed: string[] = [];
  for (const session of sessions) replayed.push(await replay(session));
  return new Map([
    ['docs/operators.md', await list('ops')],
    ['docs/passes.md', await list('passes')],
    ['README.md', readme.replace(SESSIONS, () => replayed.shift()!)],
  ]);
}

/** The page as it is committed; empty if it is not there. */
export function committedPage(path: string): string {
  return existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '';
}

/** What may differ between two runs: times, sizes in time's unit, and roots, which depend on random keys. */
export function withoutChance(text: string): string {
  return text.replace(/\b\d+(\.\d+)? s\b/g, '… s').replace(/\b([0-9a-f]{64}\b|[0-9a-f]{8}(?=…))/g, '…');
}
