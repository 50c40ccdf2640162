// Our own Groth16 verifier over BN254, on @noble/curves: nothing of snarkjs decides whether a proof is accepted.
import { pippenger } from '@noble/curves/abstract/curve.js';
import { bn254 } from '@noble/curves/bn254.js';
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { SCALAR_FIELD } from '../../../compiler/ir/iden3/scalar-field.ts';
import { checkG1, checkG2, G1 } from './groth16-points.ts';
import { type Groth16Proof, MAX_PUBLIC_SIGNALS, type VerificationKey } from './groth16-types.ts';

/** Public signals from which on a bucket method is faster than one multiplication after the other. */
const MANY_SIGNALS = 8;

/**
 * Whether a proof shows that the circuit of `key` is satisfiable with these public signals:
 * e(a, b) = e(alpha, beta) e(sum of signal_i ic_i, gamma) e(c, delta) (Groth 2016, section 3.2).
 * A wrong number of signals, signals outside [0, r) and points that are not canonical, not in their subgroup or at
 * infinity are all refused by `false`.
 * @throws Diagnostic `bad-verification-key` if the key itself is malformed or cannot bind a prover.
 */
export function verifyGroth16(key: VerificationKey, publicSignals: readonly bigint[], proof: Groth16Proof): boolean {
  const { alpha, beta, gamma, delta, ic } = checkKey(key);
  if (publicSignals.length !== ic.length - 1) return false;
  if (!publicSignals.every((s) => typeof s === 'bigint' && s >= 0n && s < SCALAR_FIELD)) return false;
  const a = checkG1(proof.a);
  const b = checkG2(proof.b);
  const c = checkG1(proof.c);
  if (a === undefined || b === undefined || c === undefined) return false;

  const statement = combine(ic, publicSignals);
  const pairs = [
    { g1: a, g2: b },
    { g1: alpha.negate(), g2: beta },
    { g1: c.negate(), g2: delta },
  ];
  // The pairing of the point at infinity is one; the library refuses to compute it.
  if (!statement.is0()) pairs.push({ g1: statement.negate(), g2: gamma });
  const { Fp12 } = bn254.fields;
  return Fp12.eql(bn254.pairingBatch(pairs), Fp12.ONE);
}

type CurveG1 = typeof G1.BASE;

function combine(ic: readonly CurveG1[], signals: readonly bigint[]): CurveG1 {
  const constant = ic[0]!;
  const points: CurveG1[] = [];
  const scalars: bigint[] = [];
  signals.forEach((s, i) => {
    if (s === 0n) return;
    points.push(ic[i + 1]!);
    scalars.push(s);
  });
  if (points.length >= MANY_SIGNALS) return constant.add(pippenger(G1, points, scalars));
  return points.reduce((total, point, i) => total.add(point.multiplyUnsafe(scalars[i]!)), constant);
}

type CurveG2 = NonNullable<ReturnType<typeof checkG2>>;
interface CheckedKey {
  readonly alpha: CurveG1;
  readonly beta: CurveG2;
  readonly gamma: CurveG2;
  readonly delta: CurveG2;
  readonly ic: readonly CurveG1[];
}

function checkKey(key: VerificationKey): CheckedKey {
  if (key.ic.length < 1 || key.ic.length - 1 > MAX_PUBLIC_SIGNALS)
    throw badKey('ic', `${key.ic.length} points; between 1 and ${MAX_PUBLIC_SIGNALS + 1} are allowed`);
  const invalid = 'not a canonical point of the subgroup';
  const alpha = checkG1(key.alpha) ?? fail('alpha', invalid);
  const [beta, gamma, delta] = (['beta', 'gamma', 'delta'] as const).map(
    (name) => checkG2(key[name]) ?? fail(name, invalid),
  );
  // Without a phase 2 contribution delta equals gamma: a = alpha, b = beta, c = -statement then "proves" any statement.
  if (gamma!.equals(delta!) || gamma!.equals(delta!.negate()))
    throw badKey(
      'delta',
      'gamma and delta are equal up to sign: phase 2 of the set-up is missing and anyone can forge',
    );
  const ic = key.ic.map((point, i) => checkG1(point) ?? fail(`ic[${i}]`, invalid));
  return { alpha, beta: beta!, gamma: gamma!, delta: delta!, ic };
}

function badKey(field: string, message: string): Diagnostic {
  return new Diagnostic('bad-verification-key', message, { field });
}

function fail(field: string, message: string): never {
  throw badKey(field, message);
}
