// The prover: from the values of a run to a proof, in the order of the transcript. No zero knowledge.
import type { ColumnGroup } from '../../../compiler/ir/interpret/plan.ts';
import { blockGroups } from './block-groups.ts';
import { proveReduction } from './block-reduction.ts';
import { type Commitment, commit } from './commitment.ts';
import { drawConstraintChallenges, pullConstraints } from './constraint-claims.ts';
import { instanceVectors } from './contraction.ts';
import { pullEnds } from './end-claims.ts';
import { type FractionClaim, proveFractions } from './fraction-trees.ts';
import { drawLookupChallenges, leafFractions } from './lookup-leaves.ts';
import { openFunctional } from './opening.ts';
import { createOperandReader } from './operands.ts';
import { instancesOf, PROTOCOL, type ProofContext } from './protocol.ts';
import { absorbStatement, publicWords, type RunStatement } from './run-statement.ts';
import { adviceCells, type RunValues, valueReader } from './run-values.ts';
import { proveProducts } from './sumcheck.ts';
import { type FindNonce, type ProverChannel, proverChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** Steps of a proof, in order. */
export type ProvingPhase = 'commit' | 'contractions' | 'lookups' | 'sumcheck' | 'claims' | 'opening';

/** A step that begins, and how much of the work is done (0 to 1, about). */
export interface ProvingStep {
  readonly phase: ProvingPhase;
  readonly done: number;
}

export interface ProvingOptions {
  /** Commitments to the committed ports, in the order of the plan: the statement has their roots. */
  readonly ports?: readonly Commitment[];
  /** Where the proof is written: tests put themselves between. */
  readonly channel?: ProverChannel;
  /** Search for proofs of work. */
  readonly findNonce?: FindNonce;
  /** Told when a step begins, and how much of the work is done (0 to 1, about). */
  readonly onPhase?: (phase: ProvingPhase, done: number) => void;
}

/**
 * Proves one run. The values are taken as they are: a run that violates its plan gives a proof that is refused.
 * @param weights the registered commitment to the weight columns; absent if there are none
 */
export function proveRun(
  v: Vectors,
  context: ProofContext,
  statement: RunStatement,
  values: RunValues,
  weights: Commitment | undefined,
  options: ProvingOptions = {},
): Uint8Array {
  const steps = provingSteps(v, context, statement, values, weights, options);
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
    options.onPhase?.(next.value.phase, next.value.done);
  }
}

/** {@link proveRun} step by step, for callers that show progress or stop between two steps. `onPhase` is not called. */
export function* provingSteps(
  v: Vectors,
  context: ProofContext,
  statement: RunStatement,
  values: RunValues,
  weights: Commitment | undefined,
  options: Omit<ProvingOptions, 'onPhase'> = {},
): Generator<ProvingStep, Uint8Array> {
  const { channel = proverChannel(PROTOCOL, options.findNonce), ports = [] } = options;
  const mark = v.mark();
  try {
    yield* writeProof(v, context, statement, values, { weights, ports }, channel);
    return channel.proof();
  } finally {
    v.release(mark);
  }
}

function* writeProof(
  v: Vectors,
  { protocol, parameters, context }: ProofContext,
  statement: RunStatement,
  values: RunValues,
  { weights, ports }: { readonly weights: Commitment | undefined; readonly ports: readonly Commitment[] },
  channel: ProverChannel,
): Generator<ProvingStep, void> {
  const { plan, trees } = protocol;
  const words = publicWords(statement);

  yield { phase: 'commit', done: 0 };
  absorbStatement(channel, context, statement, weights?.root);
  const cells = adviceCells(v, protocol, values.columns);
  const columns = new Map<ColumnGroup, Uint32Array>([['advice', cells]]);
  if (weights !== undefined) columns.set('weight', weights.columns);
  for (const [i, port] of ports.entries()) columns.set(`port${i}`, port.columns);
  const read = valueReader(v, protocol, values, columns);
  const advice = commit(v, 'advice', cells, parameters.opening.code);
  channel.sendHashes('advice', advice.root);
  channel.chain(parameters.chainSteps);

  yield { phase: 'contractions', done: 0.15 };
  const challenges = drawLookupChallenges(channel, plan);
  const constraints = drawConstraintChallenges(channel, plan);
  const first = pullConstraints(v, plan, protocol.pullBack(), constraints, words.outputs);
  const planned = instancesOf(plan, first.pulled);
  const operand = createOperandReader(v, plan, read);
  const instances = planned.map(({ contraction, instance }) => {
    const { a, b } = plan.contractions[contraction]!;
    const [x, y] = instanceVectors(v, instance, operand(a), operand(b));
    return { variables: instance.variables, a: x, b: y, value: v.dot(x, y) };
  });
  if (instances.length > 0)
    channel.send(
      'contractions.values',
      instances.map((i) => i.value),
    );

  const fractions: FractionClaim[] = [];
  for (const [i, tree] of trees.entries()) {
    yield { phase: 'lookups', done: 0.25 + (0.35 * i) / trees.length };
    const leaves = () => leafFractions(v, plan, tree, read.stored, challenges);
    fractions.push(proveFractions(v, channel, { variables: tree.variables, leaves }));
  }
  yield { phase: 'sumcheck', done: 0.6 };
  const products = instances.length === 0 ? undefined : proveProducts(v, channel, 'contractions', instances);
  yield { phase: 'claims', done: 0.62 };
  const last = pullEnds(v, protocol, challenges, channel.challenge('claims.gamma'), {
    fractions,
    products,
    instances: planned,
  });
  const commitments = [advice, ...(weights === undefined ? [] : [weights]), ...ports];
  const groups = blockGroups(v, protocol, [first.pulled, last.pulled]);
  const covector = proveReduction(v, channel, protocol, commitments, groups);
  yield { phase: 'opening', done: 0.7 };
  openFunctional(v, channel, parameters.opening, commitments, covector);
}
