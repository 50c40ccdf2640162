// The native prover: sumchecks and lookups over KoalaBear, committed by Reed-Solomon codes and BLAKE3. No set-up, no zero knowledge.
export type { Code, Commitment, EncodedCommitment } from './commitment.ts';
export { wasmVectors } from './kernels/wasm-vectors.ts';
export {
  bestLogMessage,
  commitWeights,
  type KeyOptions,
  keySteps,
  type LoadedKey,
  loadKey,
  makeKey,
  storedWeights,
  weightShape,
} from './keys.ts';
export { commitPort } from './port-commitment.ts';
export { type ProvingPhase, type ProvingStep, proveRun, provingSteps } from './prover.ts';
export type { RunStatement } from './run-statement.ts';
export { honestValues } from './run-values.ts';
export type { Vectors } from './vectors.ts';
export { verifyRun } from './verifier.ts';
