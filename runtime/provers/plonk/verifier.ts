// The verifier: reads a proof through its transcript and checks every claim. It knows public tensors and roots, nothing else.
import { type BlockGroup, blockGroups } from './block-groups.ts';
import { verifyReduction } from './block-reduction.ts';
import { combinedCells } from './cell-covector.ts';
import type { Root } from './commitment.ts';
import { drawConstraintChallenges, publicPart, pullConstraints } from './constraint-claims.ts';
import { pullEnds } from './end-claims.ts';
import { add, type Ext, sub } from './field.ts';
import { verifyFractions } from './fraction-trees.ts';
import { drawLookupChallenges } from './lookup-leaves.ts';
import { verifyFunctional } from './opening.ts';
import { scoped } from './opening-rounds.ts';
import { PORT_KIND } from './port-commitment.ts';
import { instancesOf, PROTOCOL, type ProofContext } from './protocol.ts';
import type { CombinedCovector } from './row-opening.ts';
import { absorbStatement, checkStatement, publicWords, type RunStatement } from './run-statement.ts';
import { verifyProducts } from './sumcheck.ts';
import { type VerifierChannel, verifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/**
 * Checks that the proof shows a run of the protocol's circuit with these public tensors and the registered weights.
 * @param weightRoot root of the registered weights; absent if there are none
 * @throws Diagnostic `proof-refused` naming what fails.
 */
export function verifyRun(
  v: Vectors,
  context: ProofContext,
  statement: RunStatement,
  weightRoot: Uint8Array | undefined,
  proof: Uint8Array,
): void {
  checkStatement(context.protocol.plan, statement);
  scoped(v, () => {
    const channel = verifierChannel(PROTOCOL, proof);
    const { roots, groups, target } = readClaims(v, context, statement, weightRoot, channel);
    const reduced = verifyReduction(v, channel, context.protocol, groups, target);
    const combined: CombinedCovector = (pieces, logPiece) => combinedCells(v, reduced.parts, pieces, logPiece);
    verifyFunctional(v, channel, context.parameters.opening, roots, combined, reduced.target);
    channel.end();
  });
}

/** What is left when all sumchecks of claims are read: a functional over the committed cells, and the value it must have. */
export interface CellClaim {
  readonly roots: readonly Root[];
  readonly groups: readonly BlockGroup[];
  readonly target: Ext;
}

/** The part of a proof before its claim on cells is shown. @throws Diagnostic `proof-refused`. */
export function readClaims(
  v: Vectors,
  { protocol, parameters, context }: ProofContext,
  statement: RunStatement,
  weightRoot: Uint8Array | undefined,
  channel: VerifierChannel,
): CellClaim {
  const { plan, trees, adviceColumns, weightColumns, portColumns } = protocol;
  const words = publicWords(statement);
  channel.check((weightRoot !== undefined) === weightColumns > 0, 'root of the weights');

  absorbStatement(channel, context, statement, weightRoot);
  const advice = { kind: 'advice', columns: adviceColumns, root: channel.receiveHashes('advice', 1) };
  channel.chain(parameters.chainSteps);

  const challenges = drawLookupChallenges(channel, plan);
  const constraints = drawConstraintChallenges(channel, plan);
  const first = pullConstraints(v, plan, protocol.pullBack(), constraints, words.outputs);
  const instances = instancesOf(plan, first.pulled);
  const values = instances.length === 0 ? [] : channel.receive('contractions.values', instances.length);

  const fractions = trees.map(({ variables }) => verifyFractions(channel, variables));
  const products =
    instances.length === 0
      ? undefined
      : verifyProducts(
          channel,
          'contractions',
          instances.map(({ instance: { variables } }, i) => ({ variables, value: values[i]! })),
        );
  const last = pullEnds(v, protocol, challenges, channel.challenge('claims.gamma'), { fractions, products, instances });

  let target = add(first.target, last.target);
  for (const value of values) target = sub(target, value);
  for (const part of [first.pulled, last.pulled]) target = sub(target, publicPart(v, plan, part, words.inputs));
  const weights = weightRoot === undefined ? [] : [{ kind: 'weights', columns: weightColumns, root: weightRoot }];
  const ports = (statement.commitments ?? []).map((root, i) => ({ kind: PORT_KIND, columns: portColumns[i]!, root }));
  const groups = blockGroups(v, protocol, [first.pulled, last.pulled]);
  return { roots: [advice, ...weights, ...ports], groups, target };
}
