// Reads the float and the integer model of an artifact, for the commands that show them.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Compiler, type Module, readModuleText } from '../compiler/index.ts';
import {
  ARTIFACT_FILES,
  checkedFile,
  type LoadedVerifier,
  loadVerifier,
  type Manifest,
  readManifest,
} from '../runtime/index.ts';

export interface ArtifactModules {
  readonly manifest: Manifest;
  readonly float: Module;
  readonly int: Module;
}

export interface ArtifactModels extends ArtifactModules {
  readonly verifier: LoadedVerifier;
}

/** With the verifier of a model that is proved as a whole. @throws Diagnostic as {@link readArtifactModules}. */
export async function readArtifactModels(folder: string, compiler: Compiler): Promise<ArtifactModels> {
  const modules = await readArtifactModules(folder, compiler);
  return { ...modules, verifier: loadVerifier(join(folder, ARTIFACT_FILES.verifier)) };
}

/** @throws Diagnostic `bad-artifact` and the like, or what the parser of the text form throws. */
export async function readArtifactModules(folder: string, compiler: Compiler): Promise<ArtifactModules> {
  const manifest = readManifest(folder);
  const read = async (path: string): Promise<Module> => {
    const file = await checkedFile(folder, manifest, path);
    return readModuleText(await readFile(file, 'utf8'), compiler.registries.ops, { file });
  };
  return {
    manifest,
    float: await read(ARTIFACT_FILES.float),
    int: await read(ARTIFACT_FILES.int),
  };
}
