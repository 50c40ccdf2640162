// What a verifier must know of a compiled model, as `verifier/verifier.json`: ports, scales, digests. Read strictly.

import { PROOF_SYSTEMS, type ProofSystem } from '../../compiler/ir/backend.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { digest } from '../../compiler/ir/digest.ts';
import { parseRational, type Rational } from '../../compiler/ir/rational.ts';
import { checkShape, type Shape } from '../../compiler/ir/tensor.ts';
import { document, type Fail, oneOf, record, string, whole } from './strict-json.ts';

/** Version of the artifact's files; files of another version are refused. */
export const ARTIFACT_VERSION = 1;

/** ONNX's names of element types that inputs and outputs may have. */
export const ELEMENT_TYPES = [
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'bfloat16',
] as const;
/** One of {@link ELEMENT_TYPES}. */
export type ElementType = (typeof ELEMENT_TYPES)[number];

/** One tensor at the boundary of the circuit: real = scale * integer, integers in [lo, hi]. */
export interface PortDescription {
  readonly name: string;
  readonly role: 'input' | 'param' | 'output';
  readonly visibility: 'public' | 'private' | 'committed';
  readonly shape: Shape;
  readonly lo: number;
  readonly hi: number;
  /** Rational as text: `2^-7`, `1/49`. */
  readonly scale: string;
  /** Element type of the tensor in the ONNX model, of inputs and outputs: how users' files are read. */
  readonly dtype?: ElementType;
  /** For committed weights: the commitment that every proof must show, a field element in decimal. */
  readonly commitment?: string;
  /** For public weights: the digest of the integers that every proof must show. */
  readonly digest?: string;
}

/** Content of `verifier.json`. */
export interface VerifierDescription {
  readonly format: 'zkmlc/verifier';
  readonly version: number;
  /** Name of the model, for people. */
  readonly model: string;
  /** Name of the backend that wrote the constraint system, for people. */
  readonly backend: string;
  readonly proofSystem: ProofSystem;
  /** Digest of the quantized module (graph, weights, scales). */
  readonly module: string;
  /** Digest of the constraint system: the `.r1cs` file, or the circuit itself where that is what is proved. */
  readonly constraintSystem: string;
  readonly constraints: number;
  readonly ports: readonly PortDescription[];
}

/** The description as the bytes that are written and hashed: fixed key order, no insignificant freedom. */
export function encodeDescription(d: VerifierDescription): Uint8Array {
  const ports = d.ports.map((p) => ({
    name: p.name,
    role: p.role,
    visibility: p.visibility,
    shape: p.shape,
    lo: p.lo,
    hi: p.hi,
    scale: p.scale,
    ...(p.dtype !== undefined && { dtype: p.dtype }),
    ...(p.commitment !== undefined && { commitment: p.commitment }),
    ...(p.digest !== undefined && { digest: p.digest }),
  }));
  const { format, version, model, backend, proofSystem, module, constraintSystem, constraints } = d;
  const text = JSON.stringify(
    { format, version, model, backend, proofSystem, module, constraintSystem, constraints, ports },
    null,
    2,
  );
  return Buffer.from(`${text}\n`, 'utf8');
}

/**
 * The model root: one digest over the description (graph, weights, scales, ports, constraint system) and the
 * verification key. Two artifacts with the same root accept exactly the same proofs.
 */
export function modelRoot(description: Uint8Array, verificationKey: Uint8Array): string {
  return digest('zkmlc/model-root', description, verificationKey);
}

/**
 * Reads a description strictly: known keys and types only, and the bytes must be those that encoding gives back.
 * @throws Diagnostic `bad-verifier`, or `wrong-version` with the command that rebuilds the artifact.
 */
export function decodeDescription(bytes: Uint8Array): VerifierDescription {
  const fail = (what: string): Diagnostic => new Diagnostic('bad-verifier', `verifier.json: ${what}`);
  if (bytes.length > 2 ** 24) throw fail(`${bytes.length} bytes is more than a description can have`);
  const kind = {
    file: 'verifier.json',
    format: 'zkmlc/verifier',
    version: ARTIFACT_VERSION,
    otherwise: 'not a verifier description of zkmlc',
  };
  const top = document(bytes, kind, fail);
  const text = (name: string): string => string(top.get(name), name, fail);
  const ports = top.get('ports');
  if (!Array.isArray(ports) || ports.length > 10_000) throw fail('ports is not a list');
  const description: VerifierDescription = {
    format: 'zkmlc/verifier',
    version: ARTIFACT_VERSION,
    model: text('model'),
    backend: text('backend'),
    proofSystem: oneOf(PROOF_SYSTEMS, text('proofSystem'), fail),
    module: text('module'),
    constraintSystem: text('constraintSystem'),
    constraints: whole(top.get('constraints'), 'constraints', fail),
    ports: ports.map((p) => port(record(p, fail), fail)),
  };
  if (Buffer.compare(Buffer.from(encodeDescription(description)), Buffer.from(bytes)) !== 0)
    throw fail('not in canonical form');
  return description;
}

function port(p: ReadonlyMap<string, unknown>, fail: Fail): PortDescription {
  const shape = p.get('shape');
  if (!Array.isArray(shape)) throw fail('a port has no shape');
  const name = string(p.get('name'), 'name', fail);
  const dims = shape.map((d) => whole(d, 'dimension', fail));
  checkShape(dims, `port ${name}`);
  const scale = string(p.get('scale'), 'scale', fail);
  portScale({ scale });
  const optional = (key: string): string | undefined =>
    p.get(key) === undefined ? undefined : string(p.get(key), key, fail);
  const [dtype, commitment, tensorDigest] = ['dtype', 'commitment', 'digest'].map(optional);
  return {
    name,
    role: oneOf(['input', 'param', 'output'], string(p.get('role'), 'role', fail), fail),
    visibility: oneOf(['public', 'private', 'committed'], string(p.get('visibility'), 'visibility', fail), fail),
    shape: dims,
    lo: whole(p.get('lo'), 'lo', fail),
    hi: whole(p.get('hi'), 'hi', fail),
    scale,
    ...(dtype !== undefined && { dtype: oneOf(ELEMENT_TYPES, dtype, fail) }),
    ...(commitment !== undefined && { commitment }),
    ...(tensorDigest !== undefined && { digest: tensorDigest }),
  };
}

/** The exact scale of a port. @throws Diagnostic `bad-verifier`. */
export function portScale(p: { readonly scale: string }): Rational {
  try {
    const scale = parseRational(p.scale);
    if (scale.num > 0n) return scale;
  } catch {
    // Reported below, with the other bad scales.
  }
  throw new Diagnostic(
    'bad-verifier',
    `verifier.json: ${JSON.stringify(p.scale.slice(0, 40))} is not a positive scale`,
  );
}
