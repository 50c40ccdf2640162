// Our JSON form of a verification key: it carries the origin of the key, which snarkjs' form has no place for.
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { checkG1, checkG2 } from './groth16-points.ts';
import {
  type G1Point,
  type G2Point,
  MAX_PUBLIC_SIGNALS,
  type QuadraticElement,
  type SetupOrigin,
  type VerificationKey,
} from './groth16-types.ts';
import { isRecord } from './snarkjs-requests.ts';

const FORMAT = 'zkmlc-groth16-verification-key';
const VERSION = 1;

/** A key as a JSON value (coordinates as decimal strings). */
export function verificationKeyToJson(key: VerificationKey): unknown {
  const { origin, alpha, beta, gamma, delta, ic } = key;
  const g1 = ({ x, y }: G1Point): unknown => [String(x), String(y)];
  const g2 = ({ x, y }: G2Point): unknown => [
    [String(x.c0), String(x.c1)],
    [String(y.c0), String(y.c1)],
  ];
  return {
    format: FORMAT,
    version: VERSION,
    curve: 'bn254',
    origin,
    alpha: g1(alpha),
    beta: g2(beta),
    gamma: g2(gamma),
    delta: g2(delta),
    ic: ic.map(g1),
  };
}

/**
 * Reads a parsed JSON value as a key.
 * @throws Diagnostic `bad-verification-key` naming the field that is missing, not canonical or not a point of its subgroup.
 */
export function verificationKeyFromJson(value: unknown): VerificationKey {
  if (!isRecord(value)) throw bad('format', 'the key is not an object');
  if (value.format !== FORMAT || value.curve !== 'bn254') throw bad('format', `expected "${FORMAT}" over "bn254"`);
  if (value.version !== VERSION)
    throw bad('version', `the supported format version is ${VERSION}: compile the model again`);
  const { ic } = value;
  if (!Array.isArray(ic) || ic.length < 1 || ic.length > MAX_PUBLIC_SIGNALS + 1)
    throw bad('ic', `expected between 1 and ${MAX_PUBLIC_SIGNALS + 1} points`);
  return {
    origin: parseOrigin(value.origin),
    alpha: parseG1(value.alpha, 'alpha'),
    beta: parseG2(value.beta, 'beta'),
    gamma: parseG2(value.gamma, 'gamma'),
    delta: parseG2(value.delta, 'delta'),
    ic: ic.map((point: unknown, i) => parseG1(point, `ic[${i}]`)),
  };
}

function parseOrigin(value: unknown): SetupOrigin {
  if (isRecord(value) && value.kind === 'development') return { kind: 'development' };
  if (isRecord(value) && value.kind === 'ceremony') {
    const { ptauSha256, contributions } = value;
    if (typeof ptauSha256 === 'string' && /^[0-9a-f]{64}$/.test(ptauSha256) && isCount(contributions))
      return { kind: 'ceremony', ptauSha256, contributions };
  }
  throw bad('origin', 'expected a development or ceremony origin');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

function pairOf<T>(value: unknown, field: string, parse: (part: unknown, field: string) => T): readonly [T, T] {
  if (!Array.isArray(value) || value.length !== 2) throw bad(field, 'expected two coordinates');
  return [parse(value[0], field), parse(value[1], field)];
}

function parseG1(value: unknown, field: string): G1Point {
  const [x, y] = pairOf(value, field, parseInteger);
  const point = { x, y };
  if (checkG1(point) === undefined) throw bad(field, 'not a canonical point of the subgroup');
  return point;
}

function parseG2(value: unknown, field: string): G2Point {
  const [x, y] = pairOf(value, field, (part): QuadraticElement => {
    const [c0, c1] = pairOf(part, field, parseInteger);
    return { c0, c1 };
  });
  const point = { x, y };
  if (checkG2(point) === undefined) throw bad(field, 'not a canonical point of the subgroup');
  return point;
}

function parseInteger(value: unknown, field: string): bigint {
  if (typeof value !== 'string' || !/^(0|[1-9]\d{0,76})$/.test(value))
    throw bad(field, 'expected a decimal integer in a string');
  return BigInt(value);
}

function bad(field: string, message: string): Diagnostic {
  return new Diagnostic('bad-verification-key', message, { field });
}
