// Which wires constraints reach, split into what every run proves and what is proved once about the parameters.
//
// Soundness of the split. A constraint on parameters alone says the same in every run: it is proved when they are
// registered, by the same commitment that runs are proved against. Committed wires that follow from parameters (outputs of
// hints and lookups) are columns of one part only: those that constraints join form a component, and a component that a
// run reads stays in the run with all its constraints.
import { type Circuit, type Instr, inputsOf, outputsOf } from '../../circuit.ts';
import { constantWires } from '../../recorder.ts';

export type ContractInstr = Extract<Instr, { readonly op: 'contract' }>;

/** What one proof states: the runs' or the registration's. */
export interface Part {
  /** Wires that a constraint or a public output of the part depends on through arithmetic; hints end the walk. */
  readonly needed: ReadonlySet<number>;
  /** True if the instruction of this index is a constraint of the part. */
  states(index: number): boolean;
  /** The instructions that a witness of the part needs, with the circuit's numbers of wires. */
  readonly circuit: Circuit;
}

/** Static facts about the wires of a circuit. */
export interface Reach {
  readonly fixed: ReadonlySet<number>;
  /** Instruction that defines each wire. */
  readonly definedBy: Int32Array;
  readonly run: Part;
  readonly registration: Part;
  isBilinear(i: Instr): i is ContractInstr;
}

const isConstraint = (i: Instr): boolean =>
  i.op === 'zero' || i.op === 'range' || i.op === 'lookup' || i.op === 'gather';

const isCommitting = (i: Instr): boolean => i.op === 'hint' || i.op === 'lookup' || i.op === 'gather';

export function reachOf(c: Circuit): Reach {
  const fixed = constantWires(c);
  const definedBy = new Int32Array(c.wires.length).fill(-1);
  for (const [index, i] of c.instrs.entries()) for (const w of outputsOf(i)) definedBy[w] = index;
  const outputs = c.ports.flatMap((p) => (p.role === 'output' && p.visibility !== 'private' ? [p.wire] : []));
  const { isParameter, componentOf } = parameterWires(c, fixed);
  const isOnParameters = (i: Instr): boolean =>
    inputsOf(i).some((w) => isParameter[w] === 1) && inputsOf(i).every((w) => isParameter[w] === 1 || fixed.has(w));
  const candidates = c.instrs.map((i) => isConstraint(i) && isOnParameters(i));
  const varying = walk(c, outputs, (index) => isConstraint(c.instrs[index]!) && candidates[index] === false);
  const inRuns = new Set<number>();
  for (const w of varying.needed) if (componentOf(w) >= 0) inRuns.add(componentOf(w));
  const joinsRun = (i: Instr): boolean => [...inputsOf(i), ...outputsOf(i)].some((w) => inRuns.has(componentOf(w)));
  const once = c.instrs.map((i, index) => candidates[index] === true && !joinsRun(i));
  const run = walk(c, outputs, (index) => isConstraint(c.instrs[index]!) && once[index] === false);
  const registration = walk(c, [], (index) => once[index] === true);
  return {
    fixed,
    definedBy,
    run: { ...run, circuit: restricted(c, run.states, c.ports) },
    registration: {
      ...registration,
      circuit: restricted(
        c,
        registration.states,
        c.ports.filter((p) => p.role === 'param'),
      ),
    },
    isBilinear: (i): i is ContractInstr => i.op === 'contract' && i.in.every((w) => !fixed.has(w)),
  };
}

/** One walk backwards from a part's constraints. */
function walk(c: Circuit, outputs: readonly number[], states: Part['states']): Omit<Part, 'circuit'> {
  const needed = new Set(outputs);
  for (let index = c.instrs.length - 1; index >= 0; index--) {
    const i = c.instrs[index]!;
    if (states(index) || (!isCommitting(i) && outputsOf(i).some((w) => needed.has(w))))
      for (const w of inputsOf(i)) needed.add(w);
  }
  return { needed, states };
}

/**
 * Wires that follow from parameters, and constants, alone; and for those of them that depend on committed ones the
 * component of wires that constraints join (-1 for all others).
 */
function parameterWires(
  c: Circuit,
  fixed: ReadonlySet<number>,
): { readonly isParameter: Uint8Array; componentOf(wire: number): number } {
  const isParameter = new Uint8Array(c.wires.length);
  const parent = new Int32Array(c.wires.length).fill(-1);
  const find = (wire: number): number => {
    let w = wire;
    for (; parent[w]! !== w && parent[w]! >= 0; w = parent[w]!) parent[w] = parent[parent[w]!]!;
    return parent[w]! < 0 ? -1 : w;
  };
  for (const i of c.instrs) {
    if (i.op === 'port') {
      if (c.ports[i.port]!.role === 'param') isParameter[i.out] = 1;
      continue;
    }
    const ins = inputsOf(i);
    const follows = ins.some((w) => isParameter[w] === 1) && ins.every((w) => isParameter[w] === 1 || fixed.has(w));
    if (!follows) continue;
    const joined = ins.filter((w) => parent[w]! >= 0);
    for (const w of outputsOf(i)) {
      isParameter[w] = 1;
      if (!isCommitting(i) && joined.length === 0) continue;
      parent[w] = w;
      joined.push(w);
    }
    for (const w of joined) parent[find(w)] = find(joined[0]!);
  }
  return { isParameter, componentOf: find };
}

/** What the ports and the constraints of a part depend on, hints included. */
function restricted(c: Circuit, states: Part['states'], ports: Circuit['ports']): Circuit {
  const live = new Set(ports.map((p) => p.wire));
  const kept: number[] = [];
  for (let index = c.instrs.length - 1; index >= 0; index--) {
    const i = c.instrs[index]!;
    if (!states(index) && !outputsOf(i).some((w) => live.has(w))) continue;
    kept.push(index);
    for (const w of inputsOf(i)) live.add(w);
  }
  kept.reverse();
  const portOf = new Map(ports.flatMap((p, port) => (p.role === 'output' ? [] : [[p.wire, port] as const])));
  return {
    ...c,
    ports,
    instrs: kept.map((index) => {
      const i = c.instrs[index]!;
      return i.op === 'port' ? { ...i, port: portOf.get(i.out)! } : i;
    }),
    scope: Int32Array.from(kept, (index) => c.scope[index]!),
  };
}
