// Conformance kit for circuits and gadgets: honest runs are accepted with the expected outputs, and no lie is.
import type { Capabilities, Circuit, Instr } from '../../compiler/ir/circuit.ts';
import { createReplayer, type Lie, type Replay, type Replayer } from '../../compiler/ir/interpret/cheat.ts';
import { type HintRun, lieSites, liesOf } from '../../compiler/ir/interpret/lies.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { createRecorder, type Recorder } from '../../compiler/ir/recorder.ts';
import { sameShape, type Tensor } from '../../compiler/ir/tensor.ts';
import { createRandom, type Random } from './random.ts';

/** Tensors by port name. */
export type Ports = ReadonlyMap<string, Tensor>;

/** Records a circuit. */
export function recordCircuit(target: Capabilities, build: (b: Recorder) => void): Circuit {
  const b = createRecorder(target);
  build(b);
  return b.finish();
}

/** Elements of the input ports as bigints, for the cheating reading. */
export function exactInputs(inputs: Ports): ReadonlyMap<string, readonly bigint[]> {
  return new Map([...inputs].map(([name, t]) => [name, Array.from(t.data, BigInt)]));
}

function show(values: readonly (bigint | number)[] | Tensor['data']): string {
  const shown = [...values].slice(0, 12).join(', ');
  return values.length > 12 ? `${shown}, ... (${values.length})` : shown;
}

function fail(what: string): never {
  throw new Error(what);
}

/** Equality of shape and integer values (0 and -0 are the same integer). */
export function expectSameTensor(got: Tensor | undefined, expected: Tensor, what: string): void {
  if (got === undefined) fail(`${what}: missing`);
  if (!sameShape(got.shape, expected.shape))
    fail(`${what}: shape [${got.shape.join(', ')}] instead of [${expected.shape.join(', ')}]`);
  for (let e = 0; e < expected.data.length; e++)
    if (got.data[e] !== expected.data[e]) fail(`${what}, element ${e}: ${got.data[e]} instead of ${expected.data[e]}`);
}

/**
 * An honest run satisfies every constraint, gives the expected outputs, and keeps every wire in the interval that was
 * inferred for it; the witness and the cheating reading agree on every wire.
 * @throws Error saying which of these fails.
 */
export function checkHonest(c: Circuit, inputs: Ports, expected: Ports): void {
  const witness = runWitness(c, inputs, { checkRanges: true });
  for (const [name, t] of expected) expectSameTensor(witness.outputs.get(name), t, `output ${name}`);
  const { honest } = createReplayer(c, exactInputs(inputs));
  if (honest.violated.length > 0) fail(`honest run violates ${honest.violated.join(', ')} over the field`);
  if (honest.falseLemmas.length > 0) fail(`honest run contradicts ${honest.falseLemmas.join(', ')}`);
  for (const [w, values] of honest.values.entries()) {
    if (values === undefined) continue;
    const own = witness.exact(w);
    if (own.length !== values.length || own.some((v, e) => (v - values[e]!) % c.target.modulus !== 0n))
      fail(`wire ${w}: the witness has ${show(own)}, the run over the field ${show(values)}`);
  }
}

/** How many lies are tried, and from which seed. */
export interface LieOptions {
  readonly seed?: number;
  /** Cells (or rows) of each hint and lookup to lie about; the first and the last are always among them. */
  readonly sites?: number;
  /** Random pairs of hints that lie together. */
  readonly pairs?: number;
}

/** Throws if the circuit accepts a run with other committed values than the honest ones. */
function refuseAccepted(replayer: Replayer, lies: readonly Lie[], what: string, seed: number): void {
  const run = replayer.run(lies, { firstOnly: true });
  if (run.violated.length > 0) return;
  if (run.falseLemmas.length > 0)
    fail(`accepted a lie that contradicts ${run.falseLemmas.join(', ')}: ${what} (seed ${seed})`);
  fail(`accepted a lie: ${what} (seed ${seed})`);
}

function sitesOf(n: number, limit: number, random: Random): number[] {
  if (n <= limit) return Array.from({ length: n }, (_, i) => i);
  const sites = new Set([0, n - 1]);
  while (sites.size < limit) sites.add(random.below(n));
  return [...sites];
}

type HintInstr = Extract<Instr, { readonly op: 'hint' }>;

/** What liesOf needs to know about a hint in a run. */
function hintRun(
  c: Circuit,
  i: HintInstr,
  inputs: readonly (readonly bigint[])[],
  outputs: readonly (readonly bigint[])[],
): HintRun {
  return {
    hint: i.hint,
    inputs,
    outputs,
    ranges: i.out.map((w) => c.wires[w]!.range),
    row: c.wires[i.out[0]!]!.shape.at(-1) ?? 1,
    modulus: c.target.modulus,
  };
}

function isFalse(outputs: readonly (readonly bigint[])[], honest: readonly (readonly bigint[])[], p: bigint): boolean {
  return outputs.some((o, j) => o.some((v, e) => (v - honest[j]![e]!) % p !== 0n));
}

/** All committed values as they were honestly, for a mutation that nothing else adapts to. */
function frozen(c: Circuit, honest: Replay, except: number): Lie[] {
  return c.instrs.flatMap((i, instr) => {
    if (instr <= except || (i.op !== 'hint' && i.op !== 'lookup')) return [];
    const outputs = i.out.map((w) => honest.values[w]!);
    return [{ instr, commit: outputs }];
  });
}

/**
 * No lie is accepted: every joint lie of every hint, every mutation of single committed cells (with later hints honest
 * about it and with everything else unchanged), and random pairs of lies. Committed values are unique, so acceptance
 * fails even where the outputs stay the same.
 * @returns the number of lies tried. @throws Error naming the first lie that is accepted.
 */
export function checkLies(c: Circuit, inputs: Ports, options: LieOptions = {}): number {
  const { seed = 1, sites = 4, pairs = 20 } = options;
  const random = createRandom(seed);
  const p = c.target.modulus;
  const replayer = createReplayer(c, exactInputs(inputs));
  const { honest } = replayer;
  const valuesOf = (wires: readonly number[]): (readonly bigint[])[] => wires.map((w) => honest.values[w]!);
  let tried = 0;
  const attempt = (lies: readonly Lie[], what: string): void => {
    refuseAccepted(replayer, lies, what, seed);
    tried++;
  };
  const hints: number[] = [];
  for (const [instr, i] of c.instrs.entries()) {
    if (i.op !== 'hint' && i.op !== 'lookup') continue;
    const outputs = valuesOf(i.out);
    if (outputs[0]!.length === 0) continue;
    if (i.op === 'hint') {
      hints.push(instr);
      const run = hintRun(c, i, valuesOf(i.in), outputs);
      for (const at of sitesOf(lieSites(run), sites, random))
        for (const lie of liesOf(run, at))
          attempt([{ instr, commit: lie.outputs }], `${i.label}, site ${at}: ${lie.what}`);
    }
    const rest = frozen(c, honest, instr);
    for (const [j, cells] of outputs.entries())
      for (const at of sitesOf(cells.length, sites, random))
        for (const v of [cells[at]! + 1n, cells[at]! - 1n, random.integer({ lo: 0n, hi: p - 1n })]) {
          if ((v - cells[at]!) % p === 0n) continue;
          const mutated = outputs.with(j, cells.with(at, v));
          const what = `${i.label}, output ${j}, element ${at}: ${v} instead of ${cells[at]}`;
          attempt([{ instr, commit: mutated }], what);
          attempt([{ instr, commit: mutated }, ...rest], `${what}, all else unchanged`);
        }
  }
  for (let k = 0; k < pairs && hints.length >= 2; k++) {
    const first = random.below(hints.length - 1);
    const both = [hints[first]!, hints[first + 1 + random.below(hints.length - first - 1)]!];
    const told: string[] = [];
    const lies = both.map((instr): Lie => {
      const i = c.instrs[instr];
      return {
        instr,
        commit: (outputs, operands) => {
          if (i?.op !== 'hint') return outputs;
          const run = hintRun(c, i, operands, outputs);
          const at = random.below(lieSites(run));
          const choices = liesOf(run, at);
          if (choices.length === 0) return outputs;
          const lie = random.pick(choices);
          if (isFalse(lie.outputs, outputs, p)) told.push(`${i.label}, site ${at}: ${lie.what}`);
          return lie.outputs;
        },
      };
    });
    const run = replayer.run(lies);
    const changed = both.some((instr) => {
      const i = c.instrs[instr];
      return (
        i?.op === 'hint' &&
        isFalse(
          i.out.map((w) => run.values[w]!),
          valuesOf(i.out),
          p,
        )
      );
    });
    tried++;
    if (changed && run.violated.length === 0) fail(`accepted two lies: ${told.join('; ')} (seed ${seed})`);
  }
  return tried;
}
