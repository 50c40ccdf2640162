// Audits: slices of a committed run, chosen after the commitments, and how likely the choice is to catch a cheating prover.
import { randomBytes } from 'node:crypto';
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { digest } from '../../compiler/ir/digest.ts';
import { untiledName } from '../../compiler/ir/tile-name.ts';
import { ARTIFACT_VERSION } from '../artifact/description.ts';
import { readBounded } from '../artifact/files.ts';
import type { RunSlice } from '../artifact/run-description.ts';
import { commitmentsDigest, type RunStatement } from '../artifact/run-file.ts';
import { type Fail, oneOf, record, string, whole } from '../artifact/strict-json.ts';

/** How slices are chosen. */
export type AuditMethod =
  /** Drawn from the seed, all slices alike. */
  | { readonly kind: 'sample'; readonly count: number }
  /** Drawn from the seed in proportion to weights: a slice weighs as much as its heaviest node, 1 if none is listed. */
  | {
      readonly kind: 'policy';
      readonly count: number;
      readonly weights: readonly { readonly node: string; readonly weight: number }[];
    }
  /** Named by the auditor. */
  | { readonly kind: 'slices'; readonly slices: readonly number[] };

/** Content of `audit.json`. */
export interface Audit {
  readonly format: 'zkmlc/audit';
  readonly version: number;
  /** Digest of the statement that the audit is for. */
  readonly commitments: string;
  /** Hex. Whoever knows it before committing can choose commitments until the draw suits. */
  readonly seed: string;
  readonly method: AuditMethod;
  /** Chosen slices, ascending. */
  readonly slices: readonly number[];
}

const MAX_AUDIT_BYTES = 2 ** 24;
const MOST_WEIGHT = 1e6;

/** A fresh seed: 32 random bytes in hex. */
export function freshSeed(): string {
  return randomBytes(32).toString('hex');
}

/**
 * Chooses slices for commitments that are fixed.
 * @throws Diagnostic `bad-audit` (usage) for a method that chooses nothing, or unknown slices and nodes.
 */
export function drawAudit(
  statement: RunStatement,
  slices: readonly RunSlice[],
  method: AuditMethod,
  seed: string,
): Audit {
  const commitments = commitmentsDigest(statement);
  return {
    format: 'zkmlc/audit',
    version: ARTIFACT_VERSION,
    commitments,
    seed,
    method,
    slices: draw(slices, method, commitments, seed),
  };
}

const bad = (what: string): Diagnostic => new Diagnostic('bad-audit', `audit: ${what}`, {}, { kind: 'usage' });

function draw(slices: readonly RunSlice[], method: AuditMethod, commitments: string, seed: string): readonly number[] {
  if (method.kind === 'slices') {
    const chosen = [...new Set(method.slices)].sort((a, b) => a - b);
    if (chosen.length === 0) throw bad('no slices are named');
    if (chosen.some((s) => s < 0 || s >= slices.length)) throw bad(`there are ${slices.length} slices only`);
    return chosen;
  }
  if (method.count < 1 || method.count > slices.length)
    throw bad(`${method.count} slices are to be drawn from ${slices.length}`);
  const weights = weightsOf(slices, method);
  const left = new Set(slices.keys());
  const chosen: number[] = [];
  for (let i = 0; i < method.count; i++) {
    const total = [...left].reduce((n, s) => n + weights[s]!, 0);
    // 256 bits modulo a total below 2^40: no bias worth the name.
    let at = BigInt(`0x${digest('zkmlc/audit-draw', commitments, seed, String(i))}`) % BigInt(total);
    for (const s of left) {
      at -= BigInt(weights[s]!);
      if (at >= 0n) continue;
      chosen.push(s);
      left.delete(s);
      break;
    }
  }
  return chosen.sort((a, b) => a - b);
}

function weightsOf(slices: readonly RunSlice[], method: Exclude<AuditMethod, { kind: 'slices' }>): readonly number[] {
  if (method.kind === 'sample') return slices.map(() => 1);
  const byNode = new Map(method.weights.map((w) => [w.node, w.weight]));
  // A layer that was divided weighs as much in each of its tiles.
  const known = new Set(slices.flatMap((s) => s.nodes.flatMap((n) => [n, untiledName(n)])));
  for (const node of byNode.keys()) if (!known.has(node)) throw bad(`no slice has a node ${quote(node)}`);
  return slices.map((s) => Math.max(1, ...s.nodes.map((n) => byNode.get(n) ?? byNode.get(untiledName(n)) ?? 1)));
}

/** Probability that the draw holds at least one of `cheats` slices that a prover chose before it; a lower bound for policies. */
export function detectionProbability(
  slices: readonly RunSlice[],
  method: AuditMethod,
  cheats: number,
): number | undefined {
  if (method.kind === 'slices') return undefined;
  const { count } = method;
  const n = slices.length;
  if (cheats > n) return undefined;
  if (method.kind === 'sample') {
    // None of the cheated slices is among those drawn without replacement.
    let missed = 1;
    for (let i = 0; i < cheats; i++) missed *= Math.max(0, n - count - i) / (n - i);
    return 1 - missed;
  }
  // Every draw hits with at least the share of the lightest slices in all: what has been drawn only raises it.
  const weights = [...weightsOf(slices, method)].sort((a, b) => a - b);
  const sum = (some: readonly number[]): number => some.reduce((a, b) => a + b, 0);
  return count === n ? 1 : 1 - (1 - sum(weights.slice(0, cheats)) / sum(weights)) ** count;
}

/**
 * Whether an audit is for these commitments, and its draw is the one that its seed gives.
 * @throws Diagnostic `other-commitments`, `wrong-draw`.
 */
export function checkAudit(audit: Audit, statement: RunStatement, slices: readonly RunSlice[]): void {
  if (audit.commitments !== commitmentsDigest(statement))
    throw new Diagnostic(
      'other-commitments',
      'the audit was made for other commitments: its seed was chosen before these, or for another run',
    );
  const drawn = draw(slices, audit.method, audit.commitments, audit.seed);
  if (drawn.length !== audit.slices.length || drawn.some((s, i) => s !== audit.slices[i]))
    throw new Diagnostic(
      'wrong-draw',
      `the audit lists slices ${audit.slices.join(', ')}, its seed draws ${drawn.join(', ')}`,
    );
}

/** The audit as a file. */
export function encodeAudit({ format, version, commitments, seed, method, slices }: Audit): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format, version, commitments, seed, method, slices }, null, 2)}\n`, 'utf8');
}

/** Reads an audit strictly. @throws Diagnostic `bad-audit`, `wrong-version`; each names the file. */
export function readAudit(file: string): Audit {
  const fail: Fail = (what) => new Diagnostic('bad-audit', `this is no audit: ${what}`, { file });
  const top = record(readJson(file, fail), fail);
  if (top.get('format') !== 'zkmlc/audit') throw fail('its format is another');
  if (top.get('version') !== ARTIFACT_VERSION)
    throw new Diagnostic('wrong-version', `the audit has another format version than ${ARTIFACT_VERSION}`, { file });
  const [commitments, seed] = ['commitments', 'seed'].map((k) => string(top.get(k), k, fail));
  const method = decodeMethod(record(top.get('method'), fail), fail);
  const slices = wholes(top.get('slices'), 'slices', fail);
  if (!isSeed(seed!)) throw fail('the seed is not hex');
  return { format: 'zkmlc/audit', version: ARTIFACT_VERSION, commitments: commitments!, seed: seed!, method, slices };
}

/** Hex digits in pairs, 16 bytes at least. */
export const isSeed = (text: string): boolean => /^([0-9a-f]{2}){16,1024}$/i.test(text);

function readJson(file: string, fail: Fail): unknown {
  const bytes = readBounded(file, MAX_AUDIT_BYTES);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fail('not valid JSON');
  }
}

function wholes(value: unknown, name: string, fail: Fail): readonly number[] {
  if (!Array.isArray(value)) throw fail(`${name} is not a list`);
  return value.map((n) => whole(n, name, fail));
}

function decodeMethod(m: ReadonlyMap<string, unknown>, fail: Fail): AuditMethod {
  const kind = oneOf(['sample', 'policy', 'slices'], string(m.get('kind'), 'kind', fail), fail);
  if (kind === 'slices') return { kind, slices: wholes(m.get('slices'), 'slices', fail) };
  const count = whole(m.get('count'), 'count', fail);
  if (kind === 'sample') return { kind, count };
  const list = m.get('weights');
  if (!Array.isArray(list)) throw fail('weights is not a list');
  const weights = list.map((entry: unknown) => {
    const fields = record(entry, fail);
    return weighted(string(fields.get('node'), 'node', fail), fields.get('weight'), fail);
  });
  return { kind, count, weights };
}

function weighted(node: string, value: unknown, fail: Fail): { readonly node: string; readonly weight: number } {
  const weight = whole(value, `the weight of ${quote(node)}`, fail);
  if (weight < 1 || weight > MOST_WEIGHT) throw fail(`the weight of ${quote(node)} is not from 1 to ${MOST_WEIGHT}`);
  return { node, weight };
}

/** A policy as people write it. */
export interface AuditPolicy {
  /** Fraction of the slices to draw. */
  readonly sample: number;
  readonly weights: readonly { readonly node: string; readonly weight: number }[];
}

/** Reads `risk.json`: `{ "sample": 0.2, "weights": { "node": 5 } }`. @throws Diagnostic `bad-policy` naming the file. */
export function readPolicy(file: string): AuditPolicy {
  const fail: Fail = (what) => new Diagnostic('bad-policy', `the policy: ${what}`, { file }, { kind: 'usage' });
  const top = record(readJson(file, fail), fail);
  const unknown = [...top.keys()].filter((k) => k !== 'sample' && k !== 'weights');
  if (unknown.length > 0) throw fail(`unknown fields ${unknown.map(quote).join(', ')}; it has sample and weights`);
  const sample = top.get('sample');
  if (typeof sample !== 'number' || !(sample > 0 && sample <= 1)) throw fail('sample is no fraction above 0, up to 1');
  const weights = [...record(top.get('weights') ?? {}, fail)].map(([node, weight]) => weighted(node, weight, fail));
  return { sample, weights };
}

/** Number of slices that a fraction stands for, rounded up. */
export const sampleCount = (fraction: number, slices: number): number =>
  Math.min(slices, Math.max(1, Math.ceil(fraction * slices - 1e-9)));
