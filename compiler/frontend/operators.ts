// Which operator imports an ONNX node, and the one error that lists every node without one.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import type { OnnxImport, OpRegistry } from '../ir/op.ts';
import { nodeLabel, type OnnxModel, type OnnxNode } from './onnx/model.ts';
import type { Opsets } from './versions.ts';

/** Importers by {@link operatorKey}. */
export type Importers = ReadonlyMap<string, OnnxImport>;

/** `Conv` in the default domain, `com.acme::Conv` in another. */
export function operatorKey(node: Pick<OnnxNode, 'domain' | 'opType'>): string {
  return node.domain === '' ? node.opType : `${node.domain}::${node.opType}`;
}

/**
 * Importers of all registered operators.
 * @throws Diagnostic `duplicate-importer` naming both if two operators import the same ONNX operator.
 */
export function findImporters(ops: OpRegistry): Importers {
  const importers = new Map<string, OnnxImport>();
  const owners = new Map<string, string>();
  for (const def of ops.values())
    for (const importer of def.onnx ?? []) {
      const owner = owners.get(importer.opType);
      if (owner !== undefined)
        throw new Diagnostic(
          'duplicate-importer',
          `operators ${owner} and ${def.name} both import ONNX operator ${importer.opType}`,
        );
      owners.set(importer.opType, def.name);
      importers.set(importer.opType, importer);
    }
  return importers;
}

/** The importer of a node that {@link refuseUnsupported} let pass. */
export function importerOf(node: OnnxNode, importers: Importers): OnnxImport {
  const found = importers.get(operatorKey(node));
  if (found === undefined) throw unsupported(node, `operator ${quote(operatorKey(node))} is not supported`);
  return found;
}

function unsupported(node: OnnxNode, message: string): Diagnostic {
  return new Diagnostic('unsupported-operator', message, { node: nodeLabel(node) });
}

/**
 * Checks that every node has an importer for the version in which the model uses it.
 * @throws Diagnostic `unsupported-operators` that lists all nodes without one, `others` holding one diagnostic for each.
 */
export function refuseUnsupported(
  model: OnnxModel,
  nodes: readonly OnnxNode[],
  importers: Importers,
  opsets: Opsets,
): void {
  const functions = new Set(
    model.functions.map((f) => operatorKey({ domain: f.domain === 'ai.onnx' ? '' : f.domain, opType: f.name })),
  );
  const found: { readonly key: string; readonly why: string; readonly node: OnnxNode }[] = [];
  for (const node of nodes) {
    const key = operatorKey(node);
    const why = functions.has(key)
      ? 'a function defined in the model; inline it (onnx.inliner) before compiling'
      : whyUnsupported(node, importers.get(key), opsets);
    if (why !== undefined) found.push({ key, why, node });
  }
  if (found.length === 0) return;
  const others = found.map(({ key, why, node }) => unsupported(node, `operator ${quote(key)}: ${why}`));
  throw new Diagnostic('unsupported-operators', summary(found), { node: nodeLabel(found[0]!.node) }, { others });
}

function whyUnsupported(node: OnnxNode, importer: OnnxImport | undefined, opsets: Opsets): string | undefined {
  if (importer === undefined) return 'not supported';
  const opset = opsets.get(node.domain);
  if (opset === undefined) return `operator set ${quote(node.domain || 'ai.onnx')} is not imported by the model`;
  const [oldest] = importer.since;
  if (oldest === undefined || oldest <= opset) return undefined;
  return `implemented from opset ${oldest} on, but the model declares opset ${opset}; convert it (onnx.version_converter) or correct the declaration`;
}

/** Longest list of nodes in the summary (characters); `others` holds every node. */
const MAX_SUMMARY = 600;

/** One line: `2 nodes cannot be imported: "Foo" (not supported): "a", "b"`. */
function summary(found: readonly { readonly key: string; readonly why: string; readonly node: OnnxNode }[]): string {
  const groups = new Map<string, OnnxNode[]>();
  for (const { key, why, node } of found) {
    const group = `${quote(key)} (${why})`;
    const nodes = groups.get(group);
    if (nodes === undefined) groups.set(group, [node]);
    else nodes.push(node);
  }
  let list = '';
  let listed = 0;
  for (const [group, nodes] of groups) {
    const shown = nodes.slice(0, 10).map((n) => quote(nodeLabel(n)));
    const more = nodes.length > shown.length ? ` and ${nodes.length - shown.length} more` : '';
    const part = `${listed === 0 ? '' : '; '}${group}: ${shown.join(', ')}${more}`;
    if (listed > 0 && list.length + part.length > MAX_SUMMARY) break;
    list += part.length > MAX_SUMMARY ? `${part.slice(0, MAX_SUMMARY)}...` : part;
    listed++;
  }
  const rest = groups.size > listed ? `; and ${groups.size - listed} more operators` : '';
  return `${found.length === 1 ? '1 node' : `${found.length} nodes`} cannot be imported: ${list}${rest}`;
}
