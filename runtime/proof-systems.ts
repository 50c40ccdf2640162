// The proof systems of artifacts: a description names one, and its verification key is read accordingly.
import { isZeroKnowledge } from '../compiler/ir/backend.ts';
import { BN254 } from '../compiler/ir/circuit.ts';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import type { VerifierDescription } from './artifact/description.ts';
import { readStatement } from './artifact/statement.ts';
import { createNativeVerifier, type NativeVerifier } from './native.ts';
import type { ProofVerifier } from './proof-verifier.ts';
import {
  decodeProof,
  decodeVerificationKey,
  describeOrigin,
  type VerificationKey,
  verifyGroth16,
} from './provers/snarkjs/index.ts';

/**
 * Security of Groth16 over BN254 against the best known attack, the number field sieve in its degree-12 target field:
 * about 100 bits (Barbulescu and Duquesne, "Updating key size estimations for pairings", J. Cryptology 2019).
 */
const BN254_SECURITY_BITS = 100;

/** The verifier of each proof system. */
export type AnyVerifier = (ProofVerifier & { readonly proofSystem: 'groth16-bn254' }) | NativeVerifier;

/** Reads a key. @throws Diagnostic what the key's decoder refuses, `bad-verifier` if the description is of another circuit. */
export function readVerificationKey(description: VerifierDescription, key: Uint8Array): AnyVerifier {
  return description.proofSystem === 'plonk-koalabear'
    ? createNativeVerifier(description, key)
    : createGroth16Verifier(decodeVerificationKey(key));
}

function createGroth16Verifier(key: VerificationKey): AnyVerifier {
  return {
    proofSystem: 'groth16-bn254',
    setup: describeOrigin(key.origin),
    // A key from a ceremony to whose second phase somebody contributed: otherwise one party, or anyone, can forge.
    production: key.origin.kind === 'ceremony' && key.origin.contributions > 0,
    securityBits: BN254_SECURITY_BITS,
    zeroKnowledge: isZeroKnowledge('groth16-bn254'),
    check(ports, { signals, proof }) {
      const statement = readStatement(ports, signals, BN254.modulus);
      if (!verifyGroth16(key, signals, decodeProof(proof)))
        throw new Diagnostic('proof-refused', 'the proof does not verify for this statement');
      return statement;
    },
  };
}
