// Reduction to a point within blocks: groups add up to the functional whatever the granule; a lie about values is found by the opening.
import { describe, expect, it } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type BlockGroup, blockGroups, evaluatedAt, writtenOut } from '../../runtime/provers/plonk/block-groups.ts';
import { addCells, type CellPart, columnParts } from '../../runtime/provers/plonk/cell-covector.ts';
import { drawConstraintChallenges, pullConstraints } from '../../runtime/provers/plonk/constraint-claims.ts';
import { add, EXT, type Ext, inverse, mul, ONE, sub } from '../../runtime/provers/plonk/field.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { claimsOf, PROTOCOL, protocolOf, totalColumns } from '../../runtime/provers/plonk/protocol.ts';
import { publicWords } from '../../runtime/provers/plonk/run-statement.ts';
import { suffixFor } from '../../runtime/provers/plonk/sumcheck.ts';
import { type ProverChannel, proverChannel, verifierChannel } from '../../runtime/provers/plonk/transcript.ts';
import { readClaims } from '../../runtime/provers/plonk/verifier.ts';
import { createRandom } from '../kits/random.ts';
import { proveWithKey, randomPorts } from '../twin/proofs.ts';
import { randomCircuit } from '../twin/random-circuits.ts';

const v = plainVectors();

/** A run of a random circuit, proved. */
function provedRun(seed: number) {
  const random = createRandom(seed);
  const circuit = randomCircuit(random);
  return proveWithKey(circuit, randomPorts(circuit, random));
}

/** Groups as parts of the covector over all cells. */
function partsOfGroups(groups: readonly BlockGroup[]): CellPart[] {
  return groups.flatMap((group): CellPart[] => {
    if (group.kind === 'blocks') return group.places.map((place) => ({ ...place, inner: group.inner }));
    return group.parts.map((part) => ({ ...part, address: part.address + group.start }));
  });
}

describe('groups', () => {
  it('add up to the functional for every length of columns', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { plan, statement } = provedRun(seed);
      for (const logRows of [0, 2, 4, 6, 9]) {
        const protocol = protocolOf(claimsOf(v, plan), logRows);
        const channel = proverChannel('groups');
        channel.chain(1);
        const challenges = drawConstraintChallenges(channel, plan);
        const { pulled } = pullConstraints(v, plan, protocol.pullBack(), challenges, publicWords(statement).outputs);
        const partsOf = columnParts(v, protocol, [pulled]);
        const size = EXT * totalColumns(protocol) * 2 ** logRows;
        const [whole, grouped] = [v.alloc(size), v.alloc(size)];
        for (const column of plan.columns.keys()) addCells(v, whole, partsOf(column));
        addCells(v, grouped, partsOfGroups(blockGroups(v, protocol, [pulled])));
        expect(grouped).toEqual(whole);
      }
    }
  });

  it('have at a point what their covectors have, written out', () => {
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const { loaded, statement, proof, key } = provedRun(seed);
      const channel = verifierChannel(PROTOCOL, proof);
      const { groups } = readClaims(v, loaded.run, statement, key.weightRoot, channel);
      const point = Array.from({ length: 40 }, (_, i): Ext => [i + 2, 3 * i, 7, i]);
      for (const group of groups) {
        kinds.add(group.kind);
        const own = suffixFor(point, group.bits);
        expect(evaluatedAt(v, group, own)).toEqual(v.dot(writtenOut(v, group), v.eq(own, ONE)));
      }
    }
    expect(kinds).toContain('region');
  });
});

describe('a prover is refused', () => {
  it('with other values of two groups that still add up to the claim', () => {
    const random = createRandom(3);
    let tried = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const run = provedRun(seed);
      const { loaded, statement, proof, key } = run;
      // Up to the values the cheat's transcript is the honest one: so are groups and point.
      const { groups } = readClaims(v, loaded.run, statement, key.weightRoot, verifierChannel(PROTOCOL, proof));
      if (groups.length < 2) continue;
      const rounds = Math.max(...groups.map((g) => g.bits));
      const point: Ext[] = [];
      const inner = proverChannel(PROTOCOL);
      /** What a value counts in the claim. */
      const weight = (group: BlockGroup): Ext =>
        mul(inverse([2 ** (rounds - group.bits), 0, 0, 0]), evaluatedAt(v, group, suffixFor(point, group.bits)));
      const lying: ProverChannel = {
        ...inner,
        challenge(label) {
          const z = inner.challenge(label);
          if (label === 'blocks.point') point.push(z);
          return z;
        },
        send(label, values) {
          if (label !== 'blocks.values') return inner.send(label, values);
          const by: Ext = [1 + random.below(1000), 5, 6, 7];
          const other = mul(by, mul(weight(groups[0]!), inverse(weight(groups[1]!))));
          tried++;
          inner.send(label, [add(values[0]!, by), sub(values[1]!, other), ...values.slice(2)]);
        },
      };
      let reason = 'accepted';
      try {
        run.verifyFirst(statement, run.prove(lying));
      } catch (e) {
        if (!(e instanceof Diagnostic) || e.code !== 'proof-refused') throw e;
        reason = e.message;
      }
      expect(reason, `seed ${seed}`).toContain('the value of opening');
    }
    expect(tried).toBeGreaterThan(3);
  });
});
