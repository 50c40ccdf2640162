// Verification of one proof: reads the verifier's folder and the proof, and nothing else of the prover's.
import { join } from 'node:path';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { decodeDescription, modelRoot, type VerifierDescription } from './artifact/description.ts';
import { readBounded } from './artifact/files.ts';
import { decodeProofFile } from './artifact/proof-file.ts';
import type { PortStatement } from './artifact/statement.ts';
import { type AnyVerifier, readVerificationKey } from './proof-systems.ts';

export const VERIFIER_FILES = { description: 'verifier.json', key: 'verification.key' } as const;

/** Largest description, verification key and proof file that are read (bytes). */
const MAX_DESCRIPTION_BYTES = 2 ** 24;
const MAX_KEY_BYTES = 2 ** 27;
const MAX_PROOF_BYTES = 2 ** 27;

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
  /** The key, read by the proof system that the description names. */
  readonly system: AnyVerifier;
  readonly root: string;
}

/** @throws Diagnostic `file-missing`, `bad-verifier`, `wrong-version` or what the key's decoder refuses; each names the file. */
export function loadVerifier(folder: string): LoadedVerifier {
  const paths = { description: join(folder, VERIFIER_FILES.description), key: join(folder, VERIFIER_FILES.key) };
  const descriptionBytes = readBounded(paths.description, MAX_DESCRIPTION_BYTES);
  const keyBytes = readBounded(paths.key, MAX_KEY_BYTES);
  const description = inFile(paths.description, () => decodeDescription(descriptionBytes));
  return {
    description,
    system: inFile(paths.key, () => readVerificationKey(description, keyBytes)),
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
  const loaded = loadVerifier(options.verifier);
  const { description, system, root } = loaded;
  if (options.modelRoot !== undefined && options.modelRoot.toLowerCase() !== root)
    throw new Diagnostic('wrong-root', `the verifier's folder has model root ${root}, expected ${options.modelRoot}`, {
      file: options.verifier,
    });
  if (options.production && !system.production)
    throw new Diagnostic('development-setup', `refused in production: ${system.setup}`, {
      file: options.verifier,
    });
  const ports = verifyBytes(loaded, readBounded(options.proof, MAX_PROOF_BYTES), options.proof);
  return {
    model: description.model,
    root,
    rootCompared: options.modelRoot !== undefined,
    proofSystem: description.proofSystem,
    backend: description.backend,
    constraints: description.constraints,
    setup: system.setup,
    production: system.production,
    securityBits: Math.floor(system.securityBits),
    zeroKnowledge: system.zeroKnowledge,
    ports,
  };
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
    return v.system.check(v.description.ports, proof);
  });
}
