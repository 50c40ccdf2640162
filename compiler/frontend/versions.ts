// Which versions of the ONNX format and of its operator sets a model may declare.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import type { OnnxModel, OnnxNode } from './onnx/model.ts';

/** IR versions that the reader was written against; newer ones only add fields so far. */
export const IR_VERSIONS: readonly [oldest: number, newest: number] = [3, 13];

/** No IR version is anywhere near: what is larger is not a version but garbage. */
const MAX_IR_VERSION = 255;

/** Versions of the default operator set whose operators are known. */
export const OPSETS: readonly [oldest: number, newest: number] = [6, 28];

/** Version of each operator set that a model imports, by domain; the default domain is the empty string. */
export type Opsets = ReadonlyMap<string, number>;

/**
 * Checks the IR version.
 * @returns a warning for versions newer than known.
 * @throws Diagnostic `unsupported-ir-version`.
 */
export function checkIrVersion(irVersion: number): readonly Diagnostic[] {
  const [oldest, newest] = IR_VERSIONS;
  if (!Number.isInteger(irVersion) || irVersion < oldest || irVersion > MAX_IR_VERSION)
    throw new Diagnostic(
      'unsupported-ir-version',
      `the model declares IR version ${irVersion}; versions ${oldest} to ${newest} are known. Export the model again with a current exporter`,
      { field: 'ir_version' },
    );
  if (irVersion <= newest) return [];
  const message = `the model declares IR version ${irVersion}; versions up to ${newest} are known, what newer ones add is ignored`;
  return [new Diagnostic('newer-ir-version', message, { field: 'ir_version' })];
}

/**
 * Versions by domain.
 * @param since oldest opset at which an operator type is implemented, to name what differs in opsets that are too old.
 * @throws Diagnostic `conflicting-opsets` if a domain is imported in two versions, `missing-opset` if a node's domain is not
 * imported, `unsupported-opset` for versions of the default domain that are not known.
 */
export function readOpsets(model: OnnxModel, since: (opType: string) => number | undefined): Opsets {
  const opsets = new Map<string, number>();
  for (const { domain: name, version } of model.opsetImports) {
    const domain = name === 'ai.onnx' ? '' : name;
    const known = opsets.get(domain);
    if (known !== undefined && known !== version)
      throw new Diagnostic(
        'conflicting-opsets',
        `the model imports operator set ${quote(domain || 'ai.onnx')} in versions ${known} and ${version}`,
        { field: 'opset_import' },
      );
    opsets.set(domain, version);
  }
  if (opsets.size === 0)
    throw new Diagnostic('missing-opset', 'the model does not say which operator sets it uses', {
      field: 'opset_import',
    });
  const version = opsets.get('');
  if (version !== undefined) checkDefaultOpset(version, model.graph.nodes, since);
  return opsets;
}

function checkDefaultOpset(
  version: number,
  nodes: readonly OnnxNode[],
  since: (opType: string) => number | undefined,
): void {
  const [oldest, newest] = OPSETS;
  if (version >= oldest && version <= newest) return;
  const fail = (why: string): never => {
    throw new Diagnostic('unsupported-opset', `the model uses opset ${version}; ${why}`, { field: 'opset_import' });
  };
  if (version > newest) fail(`the newest known opset is ${newest}. Export the model for opset ${newest} or older`);
  if (version < 1) fail(`versions ${oldest} to ${newest} are supported`);
  const differs = nodes.find((n) => n.domain === '' && (since(n.opType) ?? 0) > version);
  const because =
    differs === undefined ? '' : ` (operator ${quote(differs.opType)} was defined differently before opset ${oldest})`;
  fail(
    `versions ${oldest} to ${newest} are supported${because}. Convert the model with onnx.version_converter, or export it again`,
  );
}
