// Which wires constraints reach, which of them are fixed, and which are products of wires that are not.
import { type Circuit, type Instr, inputsOf, outputsOf } from '../../circuit.ts';
import { constantWires } from '../../recorder.ts';

export type ContractInstr = Extract<Instr, { readonly op: 'contract' }>;

/** Static facts about the wires of a circuit. */
export interface Reach {
  readonly fixed: ReadonlySet<number>;
  /** Wires that a constraint or a public output depends on through arithmetic; hints end the walk. */
  readonly needed: ReadonlySet<number>;
  /** Instruction that defines each wire. */
  readonly definedBy: Int32Array;
  isBilinear(i: Instr): i is ContractInstr;
}

/** One walk backwards from the constraints. */
export function reachOf(c: Circuit): Reach {
  const fixed = constantWires(c);
  const definedBy = new Int32Array(c.wires.length).fill(-1);
  for (const [index, i] of c.instrs.entries()) for (const w of outputsOf(i)) definedBy[w] = index;
  const needed = new Set<number>();
  for (const p of c.ports) if (p.role === 'output' && p.visibility === 'public') needed.add(p.wire);
  for (let index = c.instrs.length - 1; index >= 0; index--) {
    const i = c.instrs[index]!;
    if (i.op === 'hint') continue;
    const states = i.op === 'zero' || i.op === 'range' || i.op === 'lookup' || i.op === 'gather';
    if (states || outputsOf(i).some((w) => needed.has(w))) for (const w of inputsOf(i)) needed.add(w);
  }
  return {
    fixed,
    needed,
    definedBy,
    isBilinear: (i): i is ContractInstr => i.op === 'contract' && i.in.every((w) => !fixed.has(w)),
  };
}
