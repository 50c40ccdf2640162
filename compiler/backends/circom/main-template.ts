// The main template: ports in and out, their proofs, and one call per operator.
import { outputsOf, type Port } from '../../ir/circuit.ts';
import type { CircomInput } from '../../ir/iden3/circom-inputs.ts';
import { portPacking } from '../../ir/poseidon.ts';
import { publicSignals } from '../../ir/public-signals.ts';
import { sizeOf } from '../../ir/tensor.ts';
import { copyInto, overElements, provenRange, whole } from './context.ts';
import { element, flatten, subscripted } from './element.ts';
import { LIBRARY_NAMES } from './library.ts';
import { commentName, describeOrigin, originOf } from './names.ts';
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
    read: visible.map((p) => p.wire),
    path: '',
    origin: ['main'],
    reserved: { has: (name) => LIBRARY_NAMES.has(name) },
  });
  const head = declarePorts(file, t, parts);
  t.writer.gap();
  for (const i of t.constants) t.write(i);
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
      const output = head.views.get(w);
      const name = output ?? t.names.take(node, op === '' ? i.op : op);
      if (output === undefined) t.writer.line(`signal ${name}${dimensions(c.wires[w]!.shape)};`);
      copyInto(t.cx, name, w);
      copies.set(w, name);
    }
  }
  for (const { name, wire } of head.copied) copyInto(t.cx, name, wire);
  for (const commitment of head.commitments) commit(t, commitment);
  return { text: t.writer.text(), inputs: head.inputs, publicInputs: head.publicInputs };
}

interface Head {
  readonly inputs: readonly CircomInput[];
  readonly publicInputs: readonly string[];
  /** Outputs that are views, by wire: copied where the view is made. */
  readonly views: ReadonlyMap<number, string>;
  /** Outputs that inputs, constants or other outputs hold: copied at the end. */
  readonly copied: readonly { readonly name: string; readonly wire: number }[];
  readonly commitments: readonly Commitment[];
}

interface Commitment {
  readonly port: Port;
  /** Signals of the commitment and the blinding element. */
  readonly out: string;
  readonly blinding: string;
}

/** Declares the signals of all ports. */
function declarePorts(file: FileContext, t: TemplateParts, parts: Partition): Head {
  const c = file.circuit;
  const inputs: CircomInput[] = [];
  const publicInputs: string[] = [];
  const copied: { readonly name: string; readonly wire: number }[] = [];
  const views = new Map<number, string>();
  const commitments: Commitment[] = [];
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
  // Circom numbers outputs in the order of their declarations.
  for (const { port, kind, computed } of publicSignals(c)) {
    const p = c.ports[port]!;
    if (!computed) continue;
    if (kind === 'commitment') {
      const [out, blinding] = [t.names.take(p.name, 'commitment'), t.names.take(p.name, 'blinding')];
      t.writer.line(`signal output ${out};`);
      commitments.push({ port: p, out, blinding });
      continue;
    }
    const name = t.names.take(p.name);
    declare(p, 'output', name);
    const wire = parts.sameAs[p.wire]!;
    const isPort = c.instrs[parts.definedBy[wire]!]!.op === 'port';
    if (isPort || bound.has(wire) || parts.fixed.has(wire)) {
      copied.push({ name, wire });
      continue;
    }
    bound.add(wire);
    // Signals of the template's own instructions and results of blocks carry the output's name themselves.
    if ((t.cx.plan.get(wire) ?? 'signal') === 'signal') t.bind(wire, name);
    else views.set(wire, name);
  }
  for (const { port, blinding } of commitments) {
    t.writer.line(`signal input ${blinding};`);
    inputs.push({ port: port.name, kind: 'blinding', signal: blinding, count: 1 });
  }
  return { inputs, publicInputs, views, copied, commitments };
}

/** Private and committed ports are proved to lie in their interval; a verifier sees the others. */
function provePort(t: TemplateParts, p: Port, wire: number): void {
  if (p.visibility === 'public') return;
  provenRange(t.cx, wire, t.cx.scope.circuit.wires[wire]!.range, p.name);
}

/** Makes the commitment signal the commitment to the port's elements; see `commitPort`. */
function commit(t: TemplateParts, { port, out, blinding }: Commitment): void {
  const { shape, range } = t.cx.scope.circuit.wires[port.wire]!;
  const { lo, bits, perElement, count, tag } = portPacking(shape, range);
  const flat = t.names.take(port.name, 'flat');
  t.cx.use('poseidon');
  t.writer.line(`// commitment to ${commentName(port.name)}`);
  t.writer.line(`signal ${flat}[${count}];`);
  overElements(t.cx, [port.wire], (ix, loops) => {
    const e = whole(t.cx, element(t.cx, port.wire, ix), loops);
    t.writer.line(`${subscripted(flat, [flatten(ix, shape)])} <== ${e.text};`);
  });
  t.writer.line(`${out} <== Commitment(${count}, ${lo}, ${bits}, ${perElement}, ${tag})(${flat}, ${blinding});`);
}

/** Arguments on one line, or on lines of their own if they are many. */
function listed(texts: readonly string[]): string {
  const MANY = 6;
  if (texts.length <= MANY) return texts.join(', ');
  const lines: string[] = [];
  for (let k = 0; k < texts.length; k += MANY) lines.push(texts.slice(k, k + MANY).join(', '));
  return `\n    ${lines.join(',\n    ')}\n  `;
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
  const values = `${template}()(${listed(block.inputs.map(argument))});`;
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
    t.writer.line(`(${listed(results.map((r) => r.name))}) <== ${values}`);
  }
}
