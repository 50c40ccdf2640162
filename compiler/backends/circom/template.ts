// One Circom template: signals in and out, then one loop nest per instruction.
import { type Circuit, type Instr, inputsOf, outputsOf } from '../../ir/circuit.ts';
import { tensorDigest } from '../../ir/digest.ts';
import { type Interval, showInterval } from '../../ir/interval.ts';
import { sizeOf, type Tensor } from '../../ir/tensor.ts';
import { copyInto, type TemplateContext } from './context.ts';
import { hintOutputName } from './hints.ts';
import { arrayLiteral, MAX_LITERAL_ELEMENTS } from './literals.ts';
import { createNames, type Names } from './names.ts';
import type { Use } from './proofs.ts';
import { statement } from './statements.ts';
import { planStorage, type Scope } from './storage.ts';
import { createWriter, dimensions, type Writer } from './writer.ts';

/** What all templates of a file share. */
export interface FileContext {
  readonly circuit: Circuit;
  readonly fixed: ReadonlySet<number>;
  readonly literals: ReadonlyMap<number, bigint>;
  readonly definedBy: Int32Array;
  readonly sameAs: Int32Array;
  /** Narrowest interval known of each wire. */
  readonly ranges: readonly Interval[];
  readonly use: Use;
  /** Identifier of a function that returns the constant; `origin` suggests its name. */
  constantFunction(t: Tensor, digest: string, origin: readonly string[]): string;
  /** Identifier of the template of a data table. */
  tableTemplate(digest: string): string;
}

export interface TemplateParts {
  readonly cx: TemplateContext;
  readonly names: Names;
  readonly writer: Writer;
  /** Gives a wire the identifier under which statements know it; it counts as declared. */
  bind(wire: number, name: string): void;
  /** The identifier that a wire was bound to. */
  nameIfBound(wire: number): string | undefined;
  /** Writes an instruction of the template. */
  write(instr: number): void;
  /** Instructions that compute the fixed wires which the template reads. */
  readonly constants: readonly number[];
}

export interface TemplateOptions {
  /** Instructions of the template in order, without those that compute fixed wires. */
  readonly instrs: readonly number[];
  /** Wires that must be signals. */
  readonly forced: ReadonlySet<number>;
  /** Wires that are read besides those that the instructions read. */
  readonly read?: readonly number[];
  /** Prefix of labels that goes without saying. */
  readonly path: string;
  /** Parts of names for what the template defines for others to read. */
  readonly origin: readonly string[];
  /** Identifiers that must not be taken. */
  readonly reserved?: { has(name: string): boolean };
}

export function createTemplate(file: FileContext, o: TemplateOptions): TemplateParts {
  const { circuit, fixed, definedBy, sameAs } = file;
  const needed = fixedInstructions(file, o.instrs, o.read ?? []);
  const scope: Scope = {
    circuit,
    instrs: [...needed, ...o.instrs].sort((a, b) => a - b),
    fixed,
    definedBy,
    sameAs,
    forced: o.forced,
  };
  const names = createNames(o.reserved);
  const writer = createWriter(1);
  const plan = planStorage(scope);
  const wireNames = new Map<number, string>();
  const declared = new Set<number>();
  const locals = new Map<string, string>();
  const indexArrays = new Map<string, string>();

  const nameOf = (w: number): string => {
    const have = wireNames.get(w);
    if (have !== undefined) return have;
    const name = names.take(nameFor(circuit, circuit.instrs[definedBy[w]!]!, w, o.instrs));
    wireNames.set(w, name);
    return name;
  };
  const cx: TemplateContext = {
    scope,
    plan,
    literals: file.literals,
    nameOf,
    indexArray(index) {
      const data: Tensor = { shape: [index.length], data: index };
      const digest = tensorDigest(data);
      const have = indexArrays.get(digest);
      if (have !== undefined) return have;
      const name = names.take('source');
      indexArrays.set(digest, name);
      prelude.line(`var ${name}[${index.length}] = ${constantText(file, data, digest, [...o.origin, 'source'])};`);
      return name;
    },
    writer,
    use: file.use,
    declare(w) {
      if (declared.has(w)) return;
      declared.add(w);
      const kind = plan.get(w) === 'variable' ? 'var' : 'signal';
      writer.line(`${kind} ${nameOf(w)}${dimensions(circuit.wires[w]!.shape)};`);
    },
    fresh: (base) => names.take(base),
    local(base, loops) {
      if (loops === 0) return names.take(base);
      const name = locals.get(base) ?? names.take(base);
      locals.set(base, name);
      return name;
    },
    shortLabel: (label) => (label.startsWith(`${o.path}/`) ? label.slice(o.path.length + 1) : label),
    tableTemplate: file.tableTemplate,
  };
  // Index arrays are met while a statement is being written, and declared before everything.
  const prelude = createWriter(1);
  return {
    cx,
    names,
    writer: { ...writer, text: () => prelude.text() + writer.text() },
    bind(w, name) {
      wireNames.set(w, name);
      declared.add(w);
    },
    constants: needed,
    nameIfBound: (w) => (declared.has(w) ? wireNames.get(w) : undefined),
    write(index) {
      const i = circuit.instrs[index]!;
      if (i.op === 'constant') {
        if (file.literals.has(i.out)) return;
        const t = circuit.constants.get(i.digest)!;
        const text = constantText(file, t, i.digest, [...o.origin, nameOf(i.out)]);
        declared.add(i.out);
        writer.line(`var ${nameOf(i.out)}${dimensions(t.shape)} = ${text};`);
        return;
      }
      if (outputsOf(i).some((w) => file.literals.has(w))) return;
      statement(cx, i);
    },
  };
}

function constantText(file: FileContext, t: Tensor, digest: string, origin: readonly string[]): string {
  return sizeOf(t.shape) <= MAX_LITERAL_ELEMENTS ? arrayLiteral(t) : `${file.constantFunction(t, digest, origin)}()`;
}

/** Instructions that compute the fixed wires which the given instructions read, or which are among the given wires. */
function fixedInstructions(file: FileContext, instrs: readonly number[], wires: readonly number[]): readonly number[] {
  const found = new Set<number>();
  const pending = [...wires, ...instrs.flatMap((i) => inputsOf(file.circuit.instrs[i]!))];
  for (let w = pending.pop(); w !== undefined; w = pending.pop()) {
    const from = file.definedBy[w]!;
    if (!file.fixed.has(w) || found.has(from) || file.literals.has(w)) continue;
    found.add(from);
    pending.push(...inputsOf(file.circuit.instrs[from]!));
  }
  return [...found].sort((a, b) => a - b);
}

/** What a wire is called after the instruction that defines it. */
function nameFor(c: Circuit, i: Instr, wire: number, readers: readonly number[]): string {
  switch (i.op) {
    case 'constant': {
      const weight = readers.some((r) => {
        const reader = c.instrs[r]!;
        return reader.op === 'contract';
      });
      return weight ? 'weights' : 'constant';
    }
    case 'hint':
      return hintOutputName(i, i.out.indexOf(wire));
    case 'lookup': {
      const t = c.tables.get(i.table)!;
      return t.kind === 'clamp' ? 'clamped' : t.kind === 'sign' ? 'negative' : t.name;
    }
    case 'contract':
      return 'product';
    case 'affine':
      return 'combined';
    case 'sum':
      return 'total';
    case 'concat':
      return 'joined';
    default:
      return i.op;
  }
}

/** Text of the template of one block: its inputs and outputs, and its instructions. The name is left out. */
export function blockBody(
  file: FileContext,
  block: {
    readonly scope: string;
    readonly instrs: readonly number[];
    readonly inputs: readonly number[];
    readonly outputs: readonly number[];
  },
  origin: readonly string[],
): string {
  const t = createTemplate(file, {
    instrs: block.instrs,
    forced: new Set(block.outputs),
    path: block.scope,
    origin,
  });
  const { circuit } = file;
  const own = new Set(block.instrs.flatMap((i) => outputsOf(circuit.instrs[i]!)));
  const declaration = (kind: string, w: number, name: string): void => {
    t.writer.line(
      `signal ${kind} ${name}${dimensions(circuit.wires[w]!.shape)};  // in ${showInterval(file.ranges[w]!)}`,
    );
  };
  for (const [k, w] of block.inputs.entries()) {
    const name = t.names.take(block.inputs.length === 1 ? 'x' : `x${k + 1}`);
    t.bind(w, name);
    declaration('input', w, name);
  }
  const outputs = block.outputs.map(
    (w, k) => [w, t.names.take(block.outputs.length === 1 ? 'out' : `out${k + 1}`)] as const,
  );
  for (const [w, name] of outputs) {
    declaration('output', w, name);
    if (own.has(w) && t.cx.plan.get(w) === 'signal') t.bind(w, name);
  }
  t.writer.gap();
  for (const i of t.cx.scope.instrs) t.write(i);
  for (const [w, name] of outputs) if (t.cx.plan.get(w) !== 'signal') copyInto(t.cx, name, w);
  return t.writer.text();
}
