// Every example runs, on the package as it is built, and says what its guide promises. Needs `npm run build`.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesBelow, ROOT } from './laws/source-files.ts';

const run = promisify(execFile);
const EXAMPLES = join(ROOT, 'examples');
const examples = readdirSync(EXAMPLES).filter((name) => /^\d\d-/.test(name));
const scripts = examples.flatMap((name) =>
  readdirSync(join(EXAMPLES, name))
    .filter((file) => /^(run|check)\.mjs$/.test(file))
    .map((file) => `${name}/${file}`),
);

/** Lines that a script must print, beside ending without an error. */
const PRINTS: Readonly<Record<string, readonly RegExp[]>> = {
  '01-first-proof/run.mjs': [/^proved: \d+ bytes$/m, /^verified: the digit is a 2; 1\d\d bits, set-up: none/m],
  '02-own-pass/run.mjs': [/^module @tiny \{stage = "int"\}/m, /requant\(%0\).*hi = 255, scale = "2\^-6"/],
  '02-slice-and-link/run.mjs': [
    /^slices: [\d +]+ nodes, same integers: true$/m,
    /^proved: the whole run, \d+ links between slices$/m,
    /^audited: 2 of 4 slices; cheating in one is caught with probability 0\.50$/m,
  ],
  '03-accuracy/run.mjs': [/^8 bits: 35\d of 360 right \(float model: 353\)$/m],
  '04-new-op-plugin/run.mjs': [/^operators of the integer model: .*hard_sigmoid/m, /^distance +0\.\d\d %$/m],
  '04-new-op-plugin/check.mjs': [/^hard_sigmoid: \d+ runs agree with the definition, \d{3,} lies refused$/m],
  '05-custom-cost-model/run.mjs': [/^in one piece: 0\.\d{3} cents$/m, /^in [2-9] slices: 0\.\d{3} cents \(exact\)$/m],
};

let folder = '';
beforeAll(() => {
  if (!existsSync(join(ROOT, 'dist', 'compiler', 'index.js'))) throw new Error('run `npm run build` first');
  folder = mkdtempSync(join(tmpdir(), 'zkmlc-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program of the project in an empty folder, with a cache of its own. */
async function runs(...command: readonly string[]): Promise<string> {
  return runsIn(folder, command);
}

async function runsIn(cwd: string, command: readonly string[]): Promise<string> {
  const env = { ...process.env, ZKMLC_CACHE: join(folder, 'cache'), NO_COLOR: '1' };
  const { stdout } = await run(process.execPath, [...command], { cwd, env });
  return stdout;
}

/** Sessions in a guide: what follows `$ ` up to the next one is what the command printed, in the project's folder. */
function sessions(name: string): readonly (readonly [guide: string, command: string, printed: string])[] {
  const guide = readFileSync(join(EXAMPLES, name, 'README.md'), 'utf8');
  return [...guide.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block]) =>
    [...block!.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)].map(([, command, printed]) => [name, command!, printed!]),
  );
}

const REPLAYED = examples.flatMap(sessions);

describe('examples', () => {
  test('each has a guide and something that runs', () => {
    expect(examples.length).toBeGreaterThan(0);
    for (const name of examples) {
      expect(existsSync(join(EXAMPLES, name, 'README.md')), name).toBe(true);
      expect(
        scripts.some((s) => s.startsWith(`${name}/`)),
        name,
      ).toBe(true);
    }
    expect(Object.keys(PRINTS).filter((s) => !scripts.includes(s))).toEqual([]);
  });

  test.each(scripts)('%s', async (script) => {
    const stdout = await runs(join(EXAMPLES, script));
    expect(stdout).not.toBe('');
    for (const line of PRINTS[script] ?? []) expect(stdout).toMatch(line);
  });
});

describe('sessions in the guides', () => {
  test('there are some', () => expect(REPLAYED.length).toBeGreaterThan(1));

  test.each(REPLAYED)('%s: %s', async (_, command, printed) => {
    const [program, ...words] = command.replace('npx zkmlc', 'node dist/cli/main.js').split(' ');
    expect(program).toBe('node');
    expect(await runsIn(ROOT, words)).toBe(printed);
  });
});

test('the exports of the package are there, with types', () => {
  const { exports }: { readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>> } =
    JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const [name, target] of Object.entries(exports))
    for (const path of typeof target === 'string' ? [target] : Object.values(target))
      expect(existsSync(join(ROOT, path)), `${name} -> ${path}`).toBe(true);
});

test('every name of the public exports can be imported from the built package', async () => {
  const names = ['zkmlc', 'zkmlc/ir', 'zkmlc/stdlib', 'zkmlc/testing', 'zkmlc/runtime'];
  const code = `for (const name of ${JSON.stringify(names)}) console.log(name, Object.keys(await import(name)).length);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT });
  for (const name of names) expect(stdout).toMatch(new RegExp(`^${name} [1-9]\\d*$`, 'm'));
});

test('examples are written for users: no TypeScript, no sources of the project', () => {
  expect(filesBelow('examples', '.ts')).toEqual([]);
});
