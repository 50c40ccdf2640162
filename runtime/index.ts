// Public API of the runtime: prove with a compiled model, verify proofs, read what an artifact contains.
export { Diagnostic, formatDiagnostic } from '../compiler/ir/diagnostics.ts';
export { ARTIFACT_FILES, checkedFile, type Manifest, readManifest } from './artifact/artifact.ts';
export type { ElementType, PortDescription, VerifierDescription } from './artifact/description.ts';
export { decodeProofFile, encodeProofFile, type ProofFile } from './artifact/proof-file.ts';
export type { RunDescription, RunSlice, RunTensor } from './artifact/run-description.ts';
export { isRunFile } from './artifact/run-file.ts';
export type { PortStatement } from './artifact/statement.ts';
export {
  type BuildEstimate,
  type BuildOptions,
  type BuiltArtifact,
  buildArtifact,
  type CompiledModel,
  type PortType,
} from './build.ts';
export { availableBytes, nativeProveBytes, proveSeconds, setupSeconds } from './estimate.ts';
export { decodeIntegers, type EncodedInputs, type EncodeOptions, encodeInputs } from './evaluate/encode.ts';
export { cacheFolder, type KeySource } from './keys.ts';
export { type NativeFigures, nativeFigures, type SoundnessPart } from './native-figures.ts';
export {
  createNativeProver,
  type NativeProver,
  type NativeProverInput,
  type OnPhase,
  type PreparedRun,
} from './native-prover.ts';
export { type ProveOptions, type ProveReport, prove, temporaryFolder } from './prove.ts';
export { type LoadedProver, loadProver, type ModelPort, readModelPorts } from './prover.ts';
export { describeOrigin } from './provers/snarkjs/index.ts';
export { type BuiltRun, type BuiltSlice, buildRun, type SlicedModel } from './runs/build-run.ts';
export { isSlicedArtifact, type ProveRunOptions, type ProveRunReport, proveRun } from './runs/prove-run.ts';
export { isRunVerifier, type LoadedRun, loadRun } from './runs/run-verifier.ts';
export { type Coverage, type RunVerdict, type VerifyRunOptions, verifyRun } from './runs/verify-run.ts';
export { turn } from './turn.ts';
export { type LoadedVerifier, loadVerifier, type Verdict, type VerifyOptions, verify, verifyBytes } from './verify.ts';
