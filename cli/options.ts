// Options that several commands share, and how their texts become values.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidArgumentError } from 'commander';
import { type Compiler, createCompiler, Diagnostic, type Plugin, type PortVisibility } from '../compiler/index.ts';

/** A usage error: exit code 2. */
export function usage(message: string): Diagnostic {
  return new Diagnostic('usage', message, {}, { kind: 'usage' });
}

/** `name=value` pairs, collected over repeated options. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** A whole number of the command line. */
export function whole(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('expected a whole number');
  return Number(value);
}

/** A number of the command line. */
export function real(value: string): number {
  const x = Number(value);
  if (value.trim() === '' || !Number.isFinite(x)) throw new InvalidArgumentError('expected a number');
  return x;
}

/** `--dim batch=1`, repeated or separated by commas. */
export function parseDims(texts: readonly string[] = []): ReadonlyMap<string, number> {
  const dims = new Map<string, number>();
  for (const text of texts.flatMap((t) => t.split(','))) {
    const match = /^(.+)=(\d{1,9})$/.exec(text);
    if (match === null) throw usage(`--dim expects name=size, got ${JSON.stringify(text)}`);
    const [name, size] = [match[1]!, Number(match[2])];
    if (dims.has(name) && dims.get(name) !== size)
      throw usage(`--dim gives ${name} two sizes: ${dims.get(name)} and ${size}`);
    dims.set(name, size);
  }
  return dims;
}

/** `--range input=-1,1`, repeated. Names may contain anything but the last `=` separates them. */
export function parseRanges(texts: readonly string[] = []): ReadonlyMap<string, readonly [number, number]> {
  const ranges = new Map<string, readonly [number, number]>();
  for (const text of texts) {
    const match = /^(.+)=([^=,]+),([^=,]+)$/.exec(text);
    const [lo, hi] = [Number(match?.[2]), Number(match?.[3])];
    if (match === null || !Number.isFinite(lo) || !Number.isFinite(hi) || lo > hi)
      throw usage(`--range expects name=lo,hi with lo <= hi, got ${JSON.stringify(text)}`);
    ranges.set(match[1]!, [lo, hi]);
  }
  return ranges;
}

const VISIBILITIES = {
  input: ['public', 'private', 'committed'],
  weights: ['fixed', 'public', 'private', 'committed'],
  output: ['public', 'private', 'committed'],
} as const;

/** `--visibility input=private,weights=fixed,output=public`. */
export function parseVisibility(text: string | undefined): Partial<PortVisibility> {
  const chosen: { -readonly [K in keyof PortVisibility]?: PortVisibility[K] } = {};
  for (const part of text === undefined ? [] : text.split(',')) {
    const [role, value] = part.split('=');
    const find = <T extends string>(allowed: readonly T[]): T => {
      const found = allowed.find((a) => a === value);
      if (found === undefined)
        throw usage(`--visibility ${role} expects ${allowed.join(', ')}; got ${JSON.stringify(value ?? '')}`);
      return found;
    };
    if (role === 'input') chosen.input = find(VISIBILITIES.input);
    else if (role === 'weights') chosen.weights = find(VISIBILITIES.weights);
    else if (role === 'output') chosen.output = find(VISIBILITIES.output);
    else throw usage(`--visibility knows input, weights and output; got ${JSON.stringify(part)}`);
  }
  return chosen;
}

/** A compiler with the plugins named on the command line. @throws Diagnostic `bad-plugin`. */
export async function compilerWith(plugins: readonly string[] = []): Promise<Compiler> {
  const loaded: Plugin[] = [];
  for (const path of plugins) {
    let module: unknown;
    try {
      module = await import(pathToFileURL(resolve(path)).href);
    } catch (e) {
      throw new Diagnostic(
        'bad-plugin',
        `cannot load the plugin: ${e instanceof Error ? e.message : String(e)}`,
        { file: path },
        { kind: 'usage', cause: e },
      );
    }
    const plugin: unknown =
      typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
    if (!isPlugin(plugin))
      throw new Diagnostic(
        'bad-plugin',
        'a plugin exports definePlugin({ name, ops, passes, backends, costModels }) as its default',
        { file: path },
        { kind: 'usage' },
      );
    loaded.push(plugin);
  }
  return createCompiler(loaded);
}

function isPlugin(x: unknown): x is Plugin {
  if (typeof x !== 'object' || x === null || !('name' in x) || typeof x.name !== 'string') return false;
  return ['ops', 'passes', 'backends', 'costModels'].every((k) => {
    const list: unknown = Object.entries(x).find(([name]) => name === k)?.[1];
    return list === undefined || Array.isArray(list);
  });
}

/** Names separated by commas, or repeated. */
export function parseNames(texts: readonly string[] | undefined): readonly string[] | undefined {
  return texts?.flatMap((t) => t.split(',')).map((t) => t.trim());
}
