// What proving reads of an artifact: checked against the manifest, decoded, and compared with what the verifier knows.
import { join } from 'node:path';
import type { Circuit } from '../compiler/ir/circuit.ts';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { deserializeCircuit } from '../compiler/ir/serialize.ts';
import { sameShape } from '../compiler/ir/tensor.ts';
import { ARTIFACT_FILES, checkedFile, type Manifest, readManifest } from './artifact/artifact.ts';
import type { PortDescription } from './artifact/description.ts';
import { readBounded } from './artifact/files.ts';
import { decodeParameters, MAX_PARAMETER_BYTES, type Parameter } from './artifact/parameters.ts';
import { type LoadedVerifier, loadVerifier, VERIFIER_FILES } from './verify.ts';

/** Largest circuit file that is read (bytes). */
const MAX_CIRCUIT_BYTES = 2 ** 31 - 1;

/** An artifact, ready to prove. */
export interface LoadedProver {
  /** Path of the artifact. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly verifier: LoadedVerifier;
  readonly circuit: Circuit;
  /** Weights that are ports. */
  readonly parameters: readonly Parameter[];
  /** Path of the native prover's commitment to weights, where there is one: it is checked where it is read. */
  readonly weightsPath: string | undefined;
}

/** @throws Diagnostic `bad-artifact` for files that are missing, changed or do not belong together, `wrong-version`. */
export async function loadProver(folder: string): Promise<LoadedProver> {
  const manifest = readManifest(folder);
  const verifier = await checkedVerifier(folder, manifest);
  const path = await checkedFile(folder, manifest, ARTIFACT_FILES.circuit);
  let circuit: Circuit;
  try {
    circuit = deserializeCircuit(readBounded(path, MAX_CIRCUIT_BYTES));
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file: path }) : e;
  }
  const { ports } = verifier.description;
  const same =
    circuit.ports.length === ports.length && circuit.ports.every((p, i) => isSamePort(circuit, p, ports[i]!));
  if (!same)
    throw new Diagnostic('bad-artifact', 'the circuit is not the one that the verifier describes: compile again', {
      file: path,
    });
  const weightsPath = Object.hasOwn(manifest.files, ARTIFACT_FILES.weights)
    ? join(folder, ARTIFACT_FILES.weights)
    : undefined;
  return { folder, manifest, verifier, circuit, parameters: await readParameters(folder, manifest), weightsPath };
}

/** The verifier's folder of an artifact, unchanged. @throws Diagnostic `bad-artifact`. */
export async function checkedVerifier(folder: string, manifest: Manifest): Promise<LoadedVerifier> {
  for (const name of Object.values(VERIFIER_FILES))
    await checkedFile(folder, manifest, `${ARTIFACT_FILES.verifier}/${name}`);
  return loadVerifier(join(folder, ARTIFACT_FILES.verifier));
}

function isSamePort(c: Circuit, p: Circuit['ports'][number], d: PortDescription): boolean {
  const { shape, range } = c.wires[p.wire]!;
  if (p.name !== d.name || p.role !== d.role || p.visibility !== d.visibility || !sameShape(shape, d.shape))
    return false;
  // The verifier holds public outputs to the model's own range, which is narrower where weights are not constants.
  if (p.role === 'output' && p.visibility !== 'committed') return true;
  return range.lo === BigInt(d.lo) && range.hi === BigInt(d.hi);
}

async function readParameters(folder: string, manifest: Manifest): Promise<readonly Parameter[]> {
  if (!Object.hasOwn(manifest.files, ARTIFACT_FILES.parameters)) return [];
  const file = await checkedFile(folder, manifest, ARTIFACT_FILES.parameters);
  return decodeParameters(readBounded(file, MAX_PARAMETER_BYTES), file);
}
