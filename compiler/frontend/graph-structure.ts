// The graph as a graph: every name is defined once, nodes are put into topological order, dead ones are left out.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import { nodeLabel, type OnnxGraph, type OnnxNode, type OnnxTensor, type OnnxValueInfo } from './onnx/model.ts';

/** A graph whose names are consistent. */
export interface GraphStructure {
  /** Inputs that the caller must provide: those without an initializer. */
  readonly inputs: readonly OnnxValueInfo[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Nodes that an output depends on, operands before uses, otherwise in the order of the file. */
  readonly nodes: readonly OnnxNode[];
  /** Names that a node of `nodes` or an output reads. */
  readonly used: ReadonlySet<string>;
  /** Number of nodes that no output depends on. */
  readonly deadNodes: number;
}

/**
 * Checks the names of a graph and orders its nodes.
 * @throws Diagnostic `empty-graph`, `duplicate-name`, `undefined-name`, `cyclic-graph`, `unsupported-sparse-initializer`, `no-input`,
 * naming the node or tensor.
 */
export function graphStructure(graph: OnnxGraph): GraphStructure {
  if (graph.outputs.length === 0)
    throw new Diagnostic('empty-graph', 'the graph has no outputs: there is nothing to prove');
  const [sparse] = graph.sparseInitializers;
  if (sparse !== undefined)
    throw new Diagnostic('unsupported-sparse-initializer', `initializer ${quote(sparse)} is sparse; store it densely`, {
      field: sparse,
    });
  const initializers = uniqueByName(graph.initializers, 'initializer');
  const declared = uniqueByName(graph.inputs, 'graph input');
  uniqueByName(graph.outputs, 'graph output');
  const producers = producersOf(graph.nodes, (name) =>
    declared.has(name) ? 'a graph input' : initializers.has(name) ? 'an initializer' : undefined,
  );
  const known = (name: string): boolean => declared.has(name) || initializers.has(name);
  for (const n of graph.nodes)
    for (const name of n.inputs)
      if (name !== '' && !known(name) && !producers.has(name))
        throw new Diagnostic('undefined-name', `input ${quote(name)} is not defined anywhere in the graph`, {
          node: nodeLabel(n),
          field: name,
        });
  for (const { name } of graph.outputs)
    if (!known(name) && !producers.has(name))
      throw new Diagnostic('undefined-name', `graph output ${quote(name)} is not produced by any node`, {
        field: name,
      });

  const nodes = liveNodesInOrder(graph, producers);
  const used = new Set<string>(graph.outputs.map((o) => o.name));
  for (const n of nodes) for (const name of n.inputs) used.add(name);
  return {
    inputs: graph.inputs.filter((v) => !initializers.has(v.name)),
    initializers,
    nodes,
    used,
    deadNodes: graph.nodes.length - nodes.length,
  };
}

function uniqueByName<T extends { readonly name: string }>(items: readonly T[], what: string): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const item of items) {
    if (item.name === '') throw new Diagnostic('missing-name', `a ${what} has no name`);
    if (found.has(item.name))
      throw new Diagnostic('duplicate-name', `${what} ${quote(item.name)} is given twice`, { field: item.name });
    found.set(item.name, item);
  }
  return found;
}

function producersOf(
  nodes: readonly OnnxNode[],
  definedAs: (name: string) => string | undefined,
): ReadonlyMap<string, OnnxNode> {
  const producers = new Map<string, OnnxNode>();
  for (const n of nodes)
    for (const name of n.outputs) {
      if (name === '') continue;
      const other = producers.get(name);
      const clash =
        definedAs(name) ?? (other === undefined ? undefined : `an output of node ${quote(nodeLabel(other))}`);
      if (clash !== undefined)
        throw new Diagnostic('duplicate-name', `output ${quote(name)} is already the name of ${clash}`, {
          node: nodeLabel(n),
          field: name,
        });
      producers.set(name, n);
    }
  return producers;
}

/** Depth-first from the live nodes in file order, without recursion: graphs of a million nodes in a chain exist. */
function liveNodesInOrder(graph: OnnxGraph, producers: ReadonlyMap<string, OnnxNode>): readonly OnnxNode[] {
  const sources = (n: OnnxNode): OnnxNode[] => {
    const found: OnnxNode[] = [];
    for (const name of n.inputs) {
      const p = producers.get(name);
      if (p !== undefined) found.push(p);
    }
    return found;
  };
  const live = new Set<OnnxNode>();
  const queue: OnnxNode[] = [];
  const reach = (n: OnnxNode | undefined): void => {
    if (n === undefined || live.has(n)) return;
    live.add(n);
    queue.push(n);
  };
  for (const o of graph.outputs) reach(producers.get(o.name));
  for (let n = queue.pop(); n !== undefined; n = queue.pop()) sources(n).forEach(reach);

  const order: OnnxNode[] = [];
  const done = new Set<OnnxNode>();
  const open = new Set<OnnxNode>();
  for (const start of graph.nodes) {
    if (!live.has(start) || done.has(start)) continue;
    const stack = [{ node: start, operands: sources(start), at: 0 }];
    open.add(start);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const next = top.operands[top.at++];
      if (next === undefined) {
        stack.pop();
        open.delete(top.node);
        done.add(top.node);
        order.push(top.node);
      } else if (open.has(next)) {
        throw cycle(
          stack.map((s) => s.node),
          next,
        );
      } else if (!done.has(next)) {
        open.add(next);
        stack.push({ node: next, operands: sources(next), at: 0 });
      }
    }
  }
  return order;
}

function cycle(path: readonly OnnxNode[], back: OnnxNode): Diagnostic {
  // The path leads from uses to operands; the cycle reads better from operands to uses.
  const labels = path
    .slice(path.indexOf(back))
    .map((n) => quote(nodeLabel(n)))
    .reverse();
  const shown = labels.length > 8 ? [...labels.slice(0, 7), `... (${labels.length} nodes)`] : labels;
  return new Diagnostic('cyclic-graph', `the graph has a cycle: ${[...shown, labels[0]!].join(' -> ')}`, {
    node: nodeLabel(back),
  });
}
