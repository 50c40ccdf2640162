// Public API of the runtime: prove with a compiled model, verify proofs, read what an artifact contains.
export { Diagnostic, formatDiagnostic } from '../compiler/ir/diagnostics.ts';
export { ARTIFACT_FILES, checkedFile, type Manifest, readManifest } from './artifact/artifact.ts';
export type { ElementType, PortDescription, VerifierDescription } from './artifact/description.ts';
export { writeAtomically } from './artifact/files.ts';
export { type JobFigures, type MeasuredProof, measuredPath, readMeasured } from './artifact/measured-file.ts';
export { decodeProofFile, encodeProofFile, type ProofFile } from './artifact/proof-file.ts';
export type { RunDescription, RunSlice, RunTensor } from './artifact/run-description.ts';
export {
  decodeRunFile,
  isRunFile,
  type RunFile,
  type RunStatement,
  type TensorStatement,
} from './artifact/run-file.ts';
export type { PortStatement } from './artifact/statement.ts';
export {
  type BuildEstimate,
  type BuildOptions,
  type BuiltArtifact,
  buildArtifact,
  type CompiledModel,
  type PortType,
} from './build.ts';
export { cachedFilePath, prepareCachedFile, readCachedFile, writeCachedFile } from './cached-file.ts';
export { availableBytes, nativeProveBytes, proveSeconds, setupSeconds } from './estimate.ts';
export { decodeIntegers, type EncodedInputs, type EncodeOptions, encodeInputs } from './evaluate/encode.ts';
export { cacheFolder, type KeySource } from './keys.ts';
export { type MeasuredProofs, measureProofs } from './measure-proofs.ts';
export { type ModelPort, readModelDescription, readModelPorts } from './model-ports.ts';
export { type NativeFigures, nativeFigures, type SoundnessPart } from './native-figures.ts';
export {
  createNativeProver,
  type NativeProver,
  type NativeProverInput,
  type OnPhase,
  type PreparedRun,
} from './native-prover.ts';
export { type ProveOptions, type ProveReport, prove, temporaryFolder } from './prove.ts';
export { type LoadedProver, loadProver } from './prover.ts';
export { describeOrigin } from './provers/snarkjs/index.ts';
export {
  type Audit,
  type AuditMethod,
  type AuditPolicy,
  drawAudit,
  encodeAudit,
  freshSeed,
  isSeed,
  readAudit,
  readPolicy,
  sampleCount,
} from './runs/audit.ts';
export { type BuiltRun, type BuiltSlice, buildRun, type SlicedModel } from './runs/build-run.ts';
export { type ForgetReport, forgetRun } from './runs/forget-run.ts';
export {
  type CommitReport,
  commitOnly,
  isSlicedArtifact,
  type ProveRunOptions,
  type ProveRunReport,
  proveRun,
} from './runs/prove-run.ts';
export type { Budget } from './runs/prover-pool.ts';
export {
  isRunVerifier,
  type LoadedRun,
  loadRun,
  loadSliceVerifier,
  slicesByName,
  verifiersInOrder,
} from './runs/run-verifier.ts';
export {
  type AuditVerdict,
  type Coverage,
  type RunVerdict,
  readRun,
  type VerifyRunOptions,
  verifyRun,
} from './runs/verify-run.ts';
export { turn } from './turn.ts';
export { type LoadedVerifier, loadVerifier, type Verdict, type VerifyOptions, verify, verifyBytes } from './verify.ts';
