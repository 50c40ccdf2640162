// Verification of one proof: reads the verifier's folder and the proof, and nothing else of the prover's.
import { join } from 'node:path';
import { BN254 } from '../compiler/ir/circuit.ts';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { decodeDescription, modelRoot, type VerifierDescription } from './artifact/description.ts';
import { readBounded } from './artifact/files.ts';
import { decodeProofFile } from './artifact/proof-file.ts';
import { type PortStatement, readStatement } from './artifact/statement.ts';
import {
  decodeProof,
  decodeVerificationKey,
  describeOrigin,
  type VerificationKey,
  verifyGroth16,
} from './provers/snarkjs/index.ts';

export const VERIFIER_FILES = { description: 'verifier.json', key: 'verification.key' } as const;

/** Largest description, verification key and proof file that are read (bytes). */
const MAX_DESCRIPTION_BYTES = 2 ** 24;
const MAX_KEY_BYTES = 2 ** 27;
const MAX_PROOF_BYTES = 2 ** 27;

/**
 * Security of Groth16 over BN254 against the best known attack, the number field sieve in its degree-12 target field:
 * about 100 bits (Barbulescu and Duquesne, "Updating key size estimations for pairings", J. Cryptology 2019).
 */
const BN254_SECURITY_BITS = 100;

/** What to verify, and what the caller trusts. */
export interface VerifyOptions {
  /** Path of the verifier's folder. */
  readonly verifier: string;
  /** Path of the proof. */
  readonly proof: string;
  /** The model root that the caller trusts, 64 hex digits: another root is refused. */
  readonly modelRoot?: string;
  /** Refuse keys whose set-up someone could have kept the secret of. Only strengthens. */
  readonly production?: boolean;
}

/** What an accepted proof proves. */
export interface Verdict {
  readonly model: string;
  readonly root: string;
  /** False: the root was computed from the folder and compared with nothing the caller trusts. */
  readonly rootCompared: boolean;
  readonly proofSystem: string;
  readonly backend: string;
  readonly constraints: number;
  /** Origin of the set-up, in words. */
  readonly setup: string;
  readonly production: boolean;
  readonly securityBits: number;
  readonly zeroKnowledge: boolean;
  readonly ports: readonly PortStatement[];
}

/** A verifier's folder, read once. */
export interface LoadedVerifier {
  readonly description: VerifierDescription;
  readonly key: VerificationKey;
  readonly root: string;
}

/** @throws Diagnostic `file-missing`, `bad-verifier`, `wrong-version` or what the key's decoder refuses; each names the file. */
export function loadVerifier(folder: string): LoadedVerifier {
  const paths = { description: join(folder, VERIFIER_FILES.description), key: join(folder, VERIFIER_FILES.key) };
  const descriptionBytes = readBounded(paths.description, MAX_DESCRIPTION_BYTES);
  const keyBytes = readBounded(paths.key, MAX_KEY_BYTES);
  return {
    description: inFile(paths.description, () => decodeDescription(descriptionBytes)),
    key: inFile(paths.key, () => decodeVerificationKey(keyBytes)),
    root: modelRoot(descriptionBytes, keyBytes),
  };
}

function inFile<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file }) : e;
  }
}

/**
 * Verifies a proof file against a verifier's folder.
 * @throws Diagnostic `wrong-root` if the folder or the proof is of another model, `development-setup` in production mode,
 * `proof-refused` or `bad-proof-file` for anything else that is not a valid proof of this model.
 */
export function verify(options: VerifyOptions): Verdict {
  const { description, key, root } = loadVerifier(options.verifier);
  if (options.modelRoot !== undefined && options.modelRoot.toLowerCase() !== root)
    throw new Diagnostic('wrong-root', `the verifier's folder has model root ${root}, expected ${options.modelRoot}`, {
      file: options.verifier,
    });
  if (options.production && !isCeremony(key))
    throw new Diagnostic('development-setup', `refused in production: ${describeOrigin(key.origin)}`, {
      file: options.verifier,
    });
  const ports = verifyBytes({ description, key, root }, readBounded(options.proof, MAX_PROOF_BYTES), options.proof);
  return {
    model: description.model,
    root,
    rootCompared: options.modelRoot !== undefined,
    proofSystem: description.proofSystem,
    backend: description.backend,
    constraints: description.constraints,
    setup: describeOrigin(key.origin),
    production: isCeremony(key),
    securityBits: BN254_SECURITY_BITS,
    zeroKnowledge: true,
    ports,
  };
}

/** True if the key comes from a ceremony to whose second phase somebody contributed: otherwise one party, or anyone, can forge. */
function isCeremony(key: VerificationKey): boolean {
  return key.origin.kind === 'ceremony' && key.origin.contributions > 0;
}

/** Verifies the bytes of a proof file. @throws as {@link verify}. */
export function verifyBytes(v: LoadedVerifier, bytes: Uint8Array, file: string): readonly PortStatement[] {
  return inFile(file, () => {
    const proof = decodeProofFile(bytes);
    if (proof.root !== v.root)
      throw new Diagnostic(
        'wrong-root',
        `the proof is of the model with root ${proof.root}, this verifier's root is ${v.root}`,
      );
    const ports = readStatement(v.description.ports, proof.signals, BN254.modulus);
    if (!verifyGroth16(v.key, proof.signals, decodeProof(proof.proof)))
      throw new Diagnostic('proof-refused', 'the proof does not verify for this statement');
    return ports;
  });
}
