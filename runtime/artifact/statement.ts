// The statement of a proof: which tensors are shown, as integers and as reals, and what stays hidden.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { tensorDigest } from '../../compiler/ir/digest.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { publicSignals } from '../../compiler/ir/public-signals.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { decodeIntegers } from '../evaluate/encode.ts';
import type { PortDescription } from './description.ts';

/** What the proof says about one port. */
export interface PortStatement {
  readonly name: string;
  readonly role: 'input' | 'param' | 'output';
  readonly visibility: 'public' | 'private' | 'committed';
  readonly shape: Shape;
  readonly scale: string;
  /** Public tensors: integers, row-major, and the reals they stand for. */
  readonly integers?: readonly number[];
  readonly reals?: readonly number[];
  /** Committed tensors: the commitment, a field element in decimal. */
  readonly commitment?: string;
}

/** Number of public signals that the ports imply. */
export function signalCount(ports: readonly PortDescription[]): number {
  return groupsOf(ports).reduce((n, g) => n + g.count, 0);
}

/** Runs of public signals, by port. */
export function groupsOf(ports: readonly PortDescription[]): ReturnType<typeof publicSignals> {
  const wires = ports.map((p) => ({ shape: p.shape, range: interval(p.lo, p.hi) }));
  return publicSignals({ ports: ports.map((p, wire) => ({ ...p, wire })), wires });
}

/**
 * Reads public signals as tensors. Integers are the signed representatives of field elements.
 * @throws Diagnostic `proof-refused` if the number of signals is wrong, a public integer is outside its port's range, or
 * weights, or a commitment to weights, are not those of the model.
 */
export function readStatement(
  ports: readonly PortDescription[],
  signals: readonly bigint[],
  modulus: bigint,
): readonly PortStatement[] {
  const refuse = (what: string): Diagnostic => new Diagnostic('proof-refused', what);
  const groups = groupsOf(ports);
  const count = groups.reduce((n, g) => n + g.count, 0);
  if (signals.length !== count)
    throw refuse(`the proof shows ${signals.length} public signals, the model has ${count}`);
  const shown = new Map<number, Partial<PortStatement>>();
  let at = 0;
  for (const g of groups) {
    const p = ports[g.port]!;
    const values = signals.slice(at, at + g.count);
    at += g.count;
    if (g.kind === 'commitment') {
      const commitment = String(values[0]);
      if (p.commitment !== undefined && p.commitment !== commitment)
        throw refuse(`the commitment to ${p.name} is not the model's`);
      shown.set(g.port, { commitment });
      continue;
    }
    if (values.some((v) => v >= modulus)) throw refuse('a public signal is not canonical');
    const integers = values.map((v) => Number(v > modulus / 2n ? v - modulus : v));
    const outside = integers.findIndex((n) => n < p.lo || n > p.hi);
    if (outside >= 0)
      throw refuse(`${p.role} ${p.name}[${outside}] is ${integers[outside]}, outside [${p.lo}, ${p.hi}]`);
    if (p.digest !== undefined && tensorDigest({ shape: p.shape, data: Float64Array.from(integers) }) !== p.digest)
      throw refuse(`the weights ${p.name} are not the model's`);
    shown.set(g.port, { integers, reals: [...decodeIntegers(p, integers)] });
  }
  return ports.map(({ name, role, visibility, shape, scale }, i) => ({
    name,
    role,
    visibility,
    shape,
    scale,
    ...shown.get(i),
  }));
}
