// Public API of the runtime: prove with a compiled model, verify proofs, read what an artifact contains.
export { Diagnostic, formatDiagnostic } from '../compiler/ir/diagnostics.ts';
export { SCALAR_FIELD } from '../compiler/ir/iden3/index.ts';
export { ARTIFACT_FILES, checkedFile, type Manifest, readManifest } from './artifact/artifact.ts';
export type { ElementType, PortDescription, VerifierDescription } from './artifact/description.ts';
export { decodeProofFile, encodeProofFile, type ProofFile } from './artifact/proof-file.ts';
export type { PortStatement } from './artifact/statement.ts';
export { type BuildOptions, type BuiltArtifact, buildArtifact, type CompiledModel, type PortType } from './build.ts';
export { proveSeconds, setupSeconds } from './estimate.ts';
export { decodeIntegers, type EncodedInputs, type EncodeOptions, encodeInputs } from './evaluate/encode.ts';
export { cacheFolder, type KeySource } from './keys.ts';
export type { NativeFigures } from './native.ts';
export { type ProveOptions, type ProveReport, prove, proveWitness, temporaryFolder } from './prove.ts';
export { type LoadedProver, loadProver, type ModelPort, readModelPorts } from './prover.ts';
export { describeOrigin } from './provers/snarkjs/index.ts';
export { turn } from './turn.ts';
export { type LoadedVerifier, loadVerifier, type Verdict, type VerifyOptions, verify, verifyBytes } from './verify.ts';
export { type Opening, type PreparedWitness, prepareWitness } from './witness.ts';
