// Groth16 over BN254: set-up, proving through snarkjs in a child process, and our own verifier.
export { type CeremonyOptions, ceremonySetup } from './ceremony.ts';
export { type DevelopmentSetupOptions, developmentSetup, type SetupProgress } from './development-setup.ts';
export {
  decodeProof,
  decodeVerificationKey,
  encodeProof,
  encodeVerificationKey,
  PROOF_BYTES,
} from './groth16-encoding.ts';
export { verificationKeyFromJson, verificationKeyToJson } from './groth16-json.ts';
export {
  groth16Prove,
  type ProveRequest,
  type ProveResult,
  snarkjsVerify,
  toSnarkjsKey,
  toSnarkjsProof,
  wtnsCheck,
} from './groth16-prove.ts';
export {
  describeOrigin,
  type G1Point,
  type G2Point,
  type Groth16Proof,
  MAX_PUBLIC_SIGNALS,
  type QuadraticElement,
  type SetupOrigin,
  type VerificationKey,
} from './groth16-types.ts';
export { verifyGroth16 } from './groth16-verify.ts';
export { readVerificationKey } from './zkey.ts';
