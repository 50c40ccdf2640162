// Groth16 proving, and snarkjs' own checks, through the child process; results are checked before anyone sees them.
import { resolve } from 'node:path';
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { checkG1, checkG2 } from './groth16-points.ts';
import type { G1Point, G2Point, Groth16Proof, QuadraticElement, VerificationKey } from './groth16-types.ts';
import { runSnarkjs } from './snarkjs-process.ts';
import { isRecord } from './snarkjs-requests.ts';

export interface ProveRequest {
  /** Proving key (`.zkey`, protocol Groth16). */
  readonly zkeyPath: string;
  /** Witness (`.wtns`). */
  readonly wtnsPath: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ProveResult {
  readonly proof: Groth16Proof;
  /** Public outputs, then public inputs, in [0, r). */
  readonly publicSignals: readonly bigint[];
  /** Largest resident set of the child process (bytes). */
  readonly peakBytes: number;
}

/**
 * Proves with snarkjs in a child process. A witness that violates the circuit is not noticed here: it yields a proof
 * that fails to verify.
 * @throws Diagnostic `snarkjs-missing`, `snarkjs-failed`, `cancelled` or `not-built`.
 */
export async function groth16Prove({ zkeyPath, wtnsPath, signal }: ProveRequest): Promise<ProveResult> {
  const result = await runSnarkjs(
    { kind: 'prove', zkeyPath: resolve(zkeyPath), wtnsPath: resolve(wtnsPath) },
    { signal },
  );
  const proof = isRecord(result) && isRecord(result.proof) ? result.proof : undefined;
  const signals = isRecord(result) ? result.publicSignals : undefined;
  if (proof === undefined || !Array.isArray(signals)) throw unexpected('no proof');
  const parsed = { a: parseG1(proof.pi_a), b: parseG2(proof.pi_b), c: parseG1(proof.pi_c) };
  if (checkG1(parsed.a) === undefined || checkG2(parsed.b) === undefined || checkG1(parsed.c) === undefined)
    throw unexpected('a proof whose points are not valid');
  const peakBytes = isRecord(result) && typeof result.peakBytes === 'number' ? result.peakBytes : 0;
  return { proof: parsed, publicSignals: signals.map(parseInteger), peakBytes };
}

/**
 * Whether a witness satisfies a constraint system according to snarkjs' own check.
 * @throws Diagnostic as {@link groth16Prove}.
 */
export async function wtnsCheck(r1csPath: string, wtnsPath: string, signal?: AbortSignal): Promise<boolean> {
  const result = await runSnarkjs(
    { kind: 'check-witness', r1csPath: resolve(r1csPath), wtnsPath: resolve(wtnsPath) },
    { signal },
  );
  return isRecord(result) && result.satisfied === true;
}

/**
 * The verdict of snarkjs' verifier: a second opinion for tests, never the one that decides.
 * @throws Diagnostic as {@link groth16Prove}.
 */
export async function snarkjsVerify(
  key: VerificationKey,
  publicSignals: readonly bigint[],
  proof: Groth16Proof,
): Promise<boolean> {
  const request = {
    kind: 'verify',
    verificationKey: toSnarkjsKey(key),
    publicSignals: publicSignals.map(String),
    proof: toSnarkjsProof(proof),
  } as const;
  const result = await runSnarkjs(request);
  return isRecord(result) && result.valid === true;
}

/** The JSON that snarkjs and the tools around it read as a verification key (projective coordinates in decimal). */
export function toSnarkjsKey(key: VerificationKey): unknown {
  return {
    protocol: 'groth16',
    curve: 'bn128',
    nPublic: key.ic.length - 1,
    vk_alpha_1: formatG1(key.alpha),
    vk_beta_2: formatG2(key.beta),
    vk_gamma_2: formatG2(key.gamma),
    vk_delta_2: formatG2(key.delta),
    IC: key.ic.map(formatG1),
  };
}

/** The JSON that snarkjs and the tools around it read as a proof. */
export function toSnarkjsProof({ a, b, c }: Groth16Proof): unknown {
  return { protocol: 'groth16', curve: 'bn128', pi_a: formatG1(a), pi_b: formatG2(b), pi_c: formatG1(c) };
}

const formatG1 = ({ x, y }: G1Point): readonly string[] => [String(x), String(y), '1'];
const formatElement = ({ c0, c1 }: QuadraticElement): readonly string[] => [String(c0), String(c1)];
const formatG2 = ({ x, y }: G2Point): readonly (readonly string[])[] => [
  formatElement(x),
  formatElement(y),
  ['1', '0'],
];

function parseG1(value: unknown): G1Point {
  if (!Array.isArray(value) || value.length !== 3 || value[2] !== '1')
    throw unexpected('a point of G1 that is not affine');
  return { x: parseInteger(value[0]), y: parseInteger(value[1]) };
}

function parseG2(value: unknown): G2Point {
  if (!Array.isArray(value) || value.length !== 3) throw unexpected('a point of G2 that is not affine');
  const [x, y, z] = value.map((pair: unknown): QuadraticElement => {
    if (!Array.isArray(pair) || pair.length !== 2) throw unexpected('a point of G2 with odd coordinates');
    return { c0: parseInteger(pair[0]), c1: parseInteger(pair[1]) };
  });
  if (z!.c0 !== 1n || z!.c1 !== 0n) throw unexpected('a point of G2 that is not affine');
  return { x: x!, y: y! };
}

function parseInteger(value: unknown): bigint {
  if (typeof value !== 'string' || !/^\d{1,78}$/.test(value)) throw unexpected('a number that is not decimal');
  return BigInt(value);
}

function unexpected(what: string): Diagnostic {
  return new Diagnostic('snarkjs-failed', `snarkjs returned ${what}`);
}
