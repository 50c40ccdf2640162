// Splits a circuit into blocks: one per operator that was recorded in a scope of its own, everything else in the main template.
import { type Circuit, inputsOf, outputsOf } from '../../ir/circuit.ts';
import { type Interval, intersect } from '../../ir/interval.ts';
import { constantWires } from '../../ir/recorder.ts';

/** Instructions of one operator. */
export interface Block {
  /** Path of the operator's scope: `node#operator`. */
  readonly scope: string;
  /** Indices of instructions, ascending. */
  readonly instrs: readonly number[];
  /** Wires defined elsewhere that the block reads, in order of use, none of them fixed. */
  readonly inputs: readonly number[];
  /** Wires that are read outside the block or leave the circuit; like inputs, under their first name: see `sameAs`. */
  readonly outputs: readonly number[];
}

/** A part of the main template: an instruction, or the use of a block. */
export type Item = { readonly instr: number } | { readonly block: Block };

export interface Partition {
  readonly items: readonly Item[];
  /** Wires fixed at compile time: each template computes those it needs from constants. */
  readonly fixed: ReadonlySet<number>;
  /** Instruction that defines each wire. */
  readonly definedBy: Int32Array;
  /** The wire that holds the same values under a wider interval, for wires that only narrow it; else the wire itself. */
  readonly sameAs: Int32Array;
  /** Narrowest interval known of the values of each first wire. */
  readonly ranges: readonly Interval[];
}

export function partition(c: Circuit): Partition {
  const fixed = constantWires(c);
  const definedBy = new Int32Array(c.wires.length);
  const sameAs = Int32Array.from(c.wires, (_, w) => w);
  for (const [index, i] of c.instrs.entries()) {
    for (const w of outputsOf(i)) definedBy[w] = index;
    if (i.op === 'deduce' || i.op === 'range') sameAs[i.out] = sameAs[i.in]!;
  }
  const ranges = c.wires.map((w) => w.range);
  for (const [w, first] of sameAs.entries()) ranges[first] = intersect(ranges[first]!, c.wires[w]!.range);
  const roots = rootScopes(c.scopes);
  const live = liveInstructions(c, definedBy);
  const runs: { readonly root: number; readonly instrs: number[] }[] = [];
  for (const [index, i] of c.instrs.entries()) {
    const outs = outputsOf(i);
    if (!live.has(index) || (outs.length > 0 && outs.every((w) => fixed.has(w)))) continue;
    const root = roots[c.scope[index]!]!;
    const last = runs.at(-1);
    if (last?.root === root && root !== 0) last.instrs.push(index);
    else runs.push({ root, instrs: [index] });
  }
  const isReadOutside = outsideReaders(c, runs, sameAs);
  const items = runs.flatMap(({ root, instrs }, run): readonly Item[] => {
    if (root === 0 || instrs.every((i) => isWiring(c, i))) return instrs.map((instr) => ({ instr }));
    return [{ block: blockOf(c, c.scopes[root]!, instrs, { fixed, sameAs }, (w) => isReadOutside(w, run)) }];
  });
  return { items, fixed, definedBy, sameAs, ranges };
}

/** Instructions that constrain something, and those that compute what they or visible outputs read. */
function liveInstructions(c: Circuit, definedBy: Int32Array): ReadonlySet<number> {
  const live = new Set<number>();
  const pending: number[] = [];
  for (const [index, i] of c.instrs.entries())
    if (i.op === 'port' || i.op === 'hint' || i.op === 'lookup' || i.op === 'range' || i.op === 'zero')
      pending.push(index);
  for (const p of c.ports) if (p.role === 'output' && p.visibility !== 'private') pending.push(definedBy[p.wire]!);
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    if (live.has(index)) continue;
    live.add(index);
    for (const w of inputsOf(c.instrs[index]!)) pending.push(definedBy[w]!);
  }
  return live;
}

/** True for instructions that only name what others compute. */
function isWiring(c: Circuit, instr: number): boolean {
  const { op } = c.instrs[instr]!;
  return op === 'view' || op === 'deduce';
}

/**
 * The outermost scope that each scope lies in, 0 for none. Scopes are listed in the order in which they were opened, so
 * that the first one that does not continue the path of the current outermost scope begins a new one.
 */
function rootScopes(scopes: readonly string[]): Int32Array {
  const roots = new Int32Array(scopes.length);
  let root = 0;
  for (let s = 1; s < scopes.length; s++) {
    if (root === 0 || !scopes[s]!.startsWith(`${scopes[root]}/`)) root = s;
    roots[s] = root;
  }
  return roots;
}

/** Whether a wire is read outside a run, or leaves the circuit. */
function outsideReaders(
  c: Circuit,
  runs: readonly { readonly instrs: readonly number[] }[],
  sameAs: Int32Array,
): (wire: number, run: number) => boolean {
  const runsOf = new Map<number, Set<number>>();
  for (const [run, { instrs }] of runs.entries())
    for (const index of instrs) {
      const i = c.instrs[index]!;
      // Narrowing reads nothing; who reads the narrowed wire counts.
      if (i.op === 'deduce') continue;
      for (const w of inputsOf(i)) {
        const same = sameAs[w]!;
        runsOf.set(same, (runsOf.get(same) ?? new Set()).add(run));
      }
    }
  const leaving = new Set(
    c.ports.flatMap((p) => (p.role === 'output' && p.visibility !== 'private' ? [sameAs[p.wire]!] : [])),
  );
  return (wire, run) => {
    const found = runsOf.get(wire);
    return leaving.has(wire) || (found !== undefined && (found.size > 1 || !found.has(run)));
  };
}

function blockOf(
  c: Circuit,
  scope: string,
  instrs: readonly number[],
  of: { readonly fixed: ReadonlySet<number>; readonly sameAs: Int32Array },
  isReadOutside: (wire: number) => boolean,
): Block {
  const own = new Set<number>();
  const inputs = new Set<number>();
  const outputs: number[] = [];
  for (const index of instrs) {
    const i = c.instrs[index]!;
    for (const w of inputsOf(i)) {
      const same = of.sameAs[w]!;
      if (!own.has(same) && !of.fixed.has(same)) inputs.add(same);
    }
    for (const w of outputsOf(i)) {
      if (of.sameAs[w] !== w) continue;
      own.add(w);
      if (isReadOutside(w)) outputs.push(w);
    }
  }
  return { scope, instrs, inputs: [...inputs], outputs };
}
