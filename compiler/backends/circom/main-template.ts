// The main template: ports in and out, their proofs, and one call per operator.
import { outputsOf, type Port } from '../../ir/circuit.ts';
import type { CircomInput } from '../../ir/iden3/circom-inputs.ts';
import { sizeOf } from '../../ir/tensor.ts';
import { copyInto, provenRange } from './context.ts';
import { LIBRARY_NAMES } from './library.ts';
import { describeOrigin, originOf } from './names.ts';
import type { Block, Partition } from './partition.ts';
import { createTemplate, type FileContext, type TemplateParts } from './template.ts';
import { dimensions } from './writer.ts';

export interface MainTemplate {
  readonly text: string;
  readonly inputs: readonly CircomInput[];
  readonly publicInputs: readonly string[];
}

export function mainTemplate(file: FileContext, parts: Partition, templateOf: (block: Block) => string): MainTemplate {
  const c = file.circuit;
  const instrs = parts.items.flatMap((item) => ('instr' in item ? [item.instr] : []));
  const visible = c.ports.filter((p) => p.role === 'output' && p.visibility !== 'private');
  const t = createTemplate(file, {
    instrs,
    forced: new Set([
      ...parts.items.flatMap((item) => ('block' in item ? item.block.inputs : [])),
      ...visible.map((p) => parts.sameAs[p.wire]!),
    ]),
    path: '',
    origin: ['main'],
    reserved: { has: (name) => LIBRARY_NAMES.has(name) },
  });
  const head = declarePorts(file, t, parts);
  t.writer.gap();
  /** Signals that hold a wire which is stored under no name of its own. */
  const copies = new Map<number, string>();
  const argument = (w: number): string => copies.get(w) ?? t.cx.nameOf(w);
  let origin = '';
  for (const item of parts.items) {
    const scope = 'block' in item ? item.block.scope : c.scopes[c.scope[item.instr]!]!;
    if (scope !== origin && scope !== '')
      t.writer.line(`// ${describeOrigin(originOf(scope).op, [originOf(scope).node])}`);
    origin = scope;
    if ('block' in item) {
      call(file, t, item.block, templateOf(item.block), argument);
      continue;
    }
    const i = c.instrs[item.instr]!;
    if (i.op === 'port') provePort(t, c.ports[i.port]!, i.out);
    else t.write(item.instr);
    for (const w of outputsOf(i)) {
      if (t.cx.plan.get(w) !== 'alias' || !t.cx.scope.forced.has(w)) continue;
      const { node, op } = originOf(scope);
      const name = t.names.take(node, op === '' ? i.op : op);
      t.writer.line(`signal ${name}${dimensions(c.wires[w]!.shape)};`);
      copyInto(t.cx, name, w);
      copies.set(w, name);
    }
  }
  for (const { name, wire } of head.copied) copyInto(t.cx, name, wire);
  return { text: t.writer.text(), inputs: head.inputs, publicInputs: head.publicInputs };
}

interface Head {
  readonly inputs: readonly CircomInput[];
  readonly publicInputs: readonly string[];
  /** Outputs that another signal or an expression holds. */
  readonly copied: readonly { readonly name: string; readonly wire: number }[];
}

/** Declares the signals of all ports. */
function declarePorts(file: FileContext, t: TemplateParts, parts: Partition): Head {
  const c = file.circuit;
  const inputs: CircomInput[] = [];
  const publicInputs: string[] = [];
  const copied: { readonly name: string; readonly wire: number }[] = [];
  const bound = new Set<number>();
  const declare = (p: Port, kind: 'input' | 'output', name: string): void => {
    const { shape, range } = c.wires[p.wire]!;
    t.writer.line(`signal ${kind} ${name}${dimensions(shape)};  // ${p.visibility}, in [${range.lo}, ${range.hi}]`);
  };
  for (const p of c.ports) {
    if (p.role === 'output') continue;
    const signal = t.names.take(p.name);
    t.bind(p.wire, signal);
    declare(p, 'input', signal);
    inputs.push({ port: p.name, kind: 'elements', signal, count: sizeOf(c.wires[p.wire]!.shape) });
    if (p.visibility === 'public') publicInputs.push(signal);
  }
  for (const p of c.ports) {
    if (p.role !== 'output' || p.visibility !== 'public') continue;
    const name = t.names.take(p.name);
    declare(p, 'output', name);
    const wire = parts.sameAs[p.wire]!;
    const isPort = c.instrs[parts.definedBy[wire]!]!.op === 'port';
    // Signals of the template's own instructions and results of blocks can carry the output's name themselves.
    if (!isPort && !bound.has(wire) && !parts.fixed.has(wire) && (t.cx.plan.get(wire) ?? 'signal') === 'signal') {
      t.bind(wire, name);
      bound.add(wire);
    } else copied.push({ name, wire });
  }
  return { inputs, publicInputs, copied };
}

/** Private and committed ports are proved to lie in their interval; a verifier sees the others. */
function provePort(t: TemplateParts, p: Port, wire: number): void {
  if (p.visibility === 'public') return;
  provenRange(t.cx, wire, t.cx.scope.circuit.wires[wire]!.range, p.name);
}

/** `signal y[4] <== Template()(x);` */
function call(
  file: FileContext,
  t: TemplateParts,
  block: Block,
  template: string,
  argument: (wire: number) => string,
): void {
  const { node, op } = originOf(block.scope);
  const values = `${template}()(${block.inputs.map(argument).join(', ')});`;
  const results = block.outputs.map((w) => {
    const bound = t.nameIfBound(w);
    const name = bound ?? t.names.take(node, op);
    if (bound === undefined) t.bind(w, name);
    return { name, declared: bound !== undefined, shape: file.circuit.wires[w]!.shape };
  });
  const [only] = results;
  if (only === undefined) t.writer.line(values);
  else if (results.length === 1)
    t.writer.line(`${only.declared ? only.name : `signal ${only.name}${dimensions(only.shape)}`} <== ${values}`);
  else {
    for (const r of results) if (!r.declared) t.writer.line(`signal ${r.name}${dimensions(r.shape)};`);
    t.writer.line(`(${results.map((r) => r.name).join(', ')}) <== ${values}`);
  }
}
