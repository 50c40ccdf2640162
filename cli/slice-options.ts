// --slice and --slice-at: how their texts become a request.
import type { SliceLimits, SliceObjective, SliceRequest } from '../compiler/index.ts';
import { usage } from './options.ts';

/** What `auto` keeps within: a laptop beside other programs (bytes). */
const AUTO_MEMORY = 1e9;
const MOST_SLICES = 10_000;
const MOST_PROVERS = 10_000;

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);

const FORMS =
  'a number of slices, auto, or settings separated by commas: memory=1GB, constraints=N, seconds=S, slices=N, provers=K, objective=total|largest|count';

/** `1GB` = 10^9 bytes, `1GiB` = 2^30 bytes, `1000000`. @throws Diagnostic `usage`. */
export function parseBytes(text: string, option: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([A-Za-z]*)$/.exec(text);
  const unit = UNITS.get(match?.[2] ?? '?');
  if (match === null || unit === undefined || Number(match[1]) === 0)
    throw usage(`${option} expects a size such as 1GB, 800MB or 1GiB, got ${JSON.stringify(text)}`);
  return Math.floor(Number(match[1]) * unit);
}

function wholeNumber(text: string, most: number, option: string): number {
  const n = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (n < 1 || n > most) throw usage(`${option} expects a whole number from 1 to ${most}, got ${JSON.stringify(text)}`);
  return n;
}

function objectiveOf(text: string): SliceObjective {
  if (text === 'total' || text === 'largest' || text === 'count') return { kind: text };
  throw usage(
    `--slice objective is total, largest or count; got ${JSON.stringify(text)} (provers=K asks for the makespan)`,
  );
}

/**
 * `--slice 3` (three slices, the largest as small as possible), `--slice auto` (smallest total, each slice under 1 GB),
 * `--slice memory=1GB,provers=8`, `--slice-at node,node` (a cut after each node).
 * @returns undefined if neither was given.
 * @throws Diagnostic `usage` that says what is wrong and what is possible.
 */
export function parseSlice(slice: string | undefined, at: readonly string[] | undefined): SliceRequest | undefined {
  if (at !== undefined) {
    if (slice !== undefined) throw usage('--slice chooses the cuts and --slice-at states them: give one of the two');
    const nodes = at.flatMap((text) => text.split(',')).map((n) => n.trim());
    if (nodes.length === 0 || nodes.includes('')) throw usage('--slice-at expects names of nodes separated by commas');
    return { objective: { kind: 'total' }, limits: {}, at: nodes };
  }
  if (slice === undefined) return undefined;
  if (slice === 'auto') return { objective: { kind: 'total' }, limits: { memory: AUTO_MEMORY } };
  if (/^\d+$/.test(slice))
    return { objective: { kind: 'largest' }, limits: { slices: wholeNumber(slice, MOST_SLICES, '--slice') } };
  return parseSettings(slice);
}

function parseSettings(text: string): SliceRequest {
  const limits: { -readonly [K in keyof SliceLimits]: SliceLimits[K] } = {};
  let objective: SliceObjective | undefined;
  const seen = new Set<string>();
  for (const part of text.split(',')) {
    const match = /^ *([a-z]+) *= *(.*?) *$/.exec(part);
    const [key, value] = [match?.[1] ?? '', match?.[2] ?? ''];
    if (match === null) throw usage(`--slice expects ${FORMS}; got ${JSON.stringify(part)}`);
    if (seen.has(key)) throw usage(`--slice gives ${key} twice`);
    seen.add(key);
    const option = `--slice ${key}`;
    if (key === 'memory') limits.memory = parseBytes(value, option);
    else if (key === 'constraints') limits.constraints = wholeNumber(value, Number.MAX_SAFE_INTEGER, option);
    else if (key === 'slices') limits.slices = wholeNumber(value, MOST_SLICES, option);
    else if (key === 'seconds') {
      const seconds = /^\d{1,9}(\.\d{1,9})?$/.test(value) ? Number(value) : 0;
      if (seconds <= 0) throw usage(`${option} expects a number of seconds above 0, got ${JSON.stringify(value)}`);
      limits.seconds = seconds;
    } else if (key === 'provers' || key === 'objective') {
      if (seen.has('provers') && seen.has('objective'))
        throw usage('--slice: provers=K asks for the shortest time on K machines; it is an objective of its own');
      objective =
        key === 'objective'
          ? objectiveOf(value)
          : { kind: 'makespan', provers: wholeNumber(value, MOST_PROVERS, option) };
    } else throw usage(`--slice does not know ${JSON.stringify(key)}; it expects ${FORMS}`);
  }
  return { objective: objective ?? { kind: limits.slices === undefined ? 'total' : 'largest' }, limits };
}
