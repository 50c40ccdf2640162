// The twin's reduction of a functional over cells to one point within blocks, by groups that it checks cell by cell.
import type { Dense } from './dense.ts';
import { add, dot, type Element, equal, eqVector, inverse, multiply, powers, sum, ZERO } from './field.ts';
import { productRounds } from './opening.ts';
import { type Reader, require } from './transcript.ts';

/**
 * Part of a functional: k times the same vector for every block. How a functional is cut into groups is the prover's business;
 * that they add up to it is not.
 */
export interface TwinGroup {
  readonly bits: number;
  /** 2^bits elements. */
  readonly inner: readonly Element[];
  /** Cells that a block has, at most 2^bits; those behind them count as zeros. */
  readonly cells: number;
  readonly blocks: readonly { readonly address: number; readonly k: Element }[];
}

/** The functional that is left, and its value. */
export function verifyReduction(
  reader: Reader,
  groups: readonly TwinGroup[],
  covector: Dense,
  target: Element,
): { readonly covector: Dense; readonly target: Element } {
  const written = spread(
    covector.length,
    groups,
    groups.map((g) => g.inner),
  );
  if (!written.every((x, i) => equal(x, covector[i]!))) throw new Error('groups are not the functional they stand for');
  const rounds = Math.max(0, ...groups.map((g) => g.bits));
  const { claim, point } = productRounds(reader, 'blocks', rounds, target);
  const values = reader.elements('blocks.values', groups.length);
  const eq = groups.map(({ bits }) => eqVector(point.slice(rounds - bits)));
  const shares = groups.map(({ inner, bits }, j) => {
    const dummies = inverse([2n ** BigInt(rounds - bits), 0n, 0n, 0n]);
    return multiply(dummies, multiply(dot(inner, eq[j]!), values[j]!));
  });
  require(equal(sum(shares), claim), 'blocks.values: they do not add up to the claim');
  const gamma = powers(reader.challenge('blocks.gamma'), groups.length);
  const vectors = eq.map((x, j) => x.map((e) => multiply(gamma[j]!, e)));
  return { covector: spread(covector.length, groups, vectors), target: dot(gamma, values) };
}

/** The sum of all blocks, each k times its group's vector. */
function spread(size: number, groups: readonly TwinGroup[], vectors: readonly (readonly Element[])[]): Dense {
  const out = new Array<Element>(size).fill(ZERO);
  for (const [j, { blocks, cells }] of groups.entries())
    for (const { address, k } of blocks)
      for (let i = 0; i < cells; i++) {
        const at = address + i;
        if (at >= size) throw new Error('a block leaves the cells');
        const x = vectors[j]![i]!;
        out[at] = add(out[at]!, equal(k, ZERO) ? ZERO : multiply(k, x));
      }
  return out;
}
