// The prover: from the values of a run to a proof, in the order of the transcript. No zero knowledge.
import { type Commitment, commit } from './commitment.ts';
import { drawConstraintChallenges, pullConstraints } from './constraint-claims.ts';
import { contractionInstance, instanceVectors } from './contraction.ts';
import { pullEnds } from './end-claims.ts';
import { type FractionClaim, proveFractions } from './fraction-sumcheck.ts';
import { leafFractions } from './lookup-leaves.ts';
import { openFunctional } from './opening.ts';
import { owned } from './opening-rounds.ts';
import { cellCovector, contractionCovector, PROTOCOL, type ProofContext, type Protocol } from './protocol.ts';
import { absorbStatement, publicWords, type RunStatement } from './run-statement.ts';
import { type RunValues, valueReader } from './run-values.ts';
import { proveProducts } from './sumcheck.ts';
import { type ProverChannel, proverChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** Messages of one group of columns: column-major, 2^logRows words each. */
export function groupCells(protocol: Protocol, group: 'advice' | 'weight', columns: RunValues['columns']): Uint32Array {
  const { plan, logRows, adviceColumns, weightColumns } = protocol;
  const cells = new Uint32Array(2 ** logRows * (group === 'advice' ? adviceColumns : weightColumns));
  for (const [i, column] of plan.columns.entries()) if (column.group === group) cells.set(columns[i]!, column.offset);
  return cells;
}

/**
 * Proves one run. The values are taken as they are: a run that violates its plan gives a proof that is refused.
 * @param weights the registered commitment to the weight columns; absent if there are none
 * @param channel where the proof is written: tests put themselves between
 */
export function proveRun(
  v: Vectors,
  context: ProofContext,
  statement: RunStatement,
  values: RunValues,
  weights: Commitment | undefined,
  channel: ProverChannel = proverChannel(PROTOCOL),
): Uint8Array {
  const mark = v.mark();
  try {
    writeProof(v, context, statement, values, weights, channel);
    return channel.proof();
  } finally {
    v.release(mark);
  }
}

function writeProof(
  v: Vectors,
  { protocol, parameters, context }: ProofContext,
  statement: RunStatement,
  values: RunValues,
  weights: Commitment | undefined,
  channel: ProverChannel,
): void {
  const { plan, leaves } = protocol;
  const read = valueReader(plan, values);
  const words = publicWords(statement);

  absorbStatement(channel, context, statement, weights?.root);
  const cells = owned(v, groupCells(protocol, 'advice', values.columns));
  const advice = commit(v, 'advice', cells, parameters.opening.code);
  channel.sendHashes('advice', advice.root);
  channel.chain(parameters.chainSteps);

  const [alpha, beta] = [channel.challenge('lookups.alpha'), channel.challenge('lookups.beta')];
  const constraints = drawConstraintChallenges(channel, plan);
  const first = pullConstraints(v, plan, protocol.pullBack(), constraints, words.outputs);
  const instances = protocol.contractions.map((contraction, i) => {
    const instance = contractionInstance(contraction, contractionCovector(v, protocol, first.pulled, i));
    if (instance === undefined) throw new RangeError('a covector lost its product form');
    const { a, b } = plan.contractions[i]!;
    const [x, y] = instanceVectors(v, instance, read.value(a), read.value(b));
    return { instance, variables: contraction.variables, a: x, b: y, value: v.dot(x, y) };
  });
  if (instances.length > 0)
    channel.send(
      'contractions.values',
      instances.map((i) => i.value),
    );

  let fractions: FractionClaim | undefined;
  if (leaves.segments.length > 0) {
    const keys = { key: (i: number) => read.form(plan.lookups[i]!.key, plan.lookups[i]!.size), column: read.column };
    fractions = proveFractions(v, channel, leafFractions(v, plan, leaves, keys, { alpha, beta }));
  }
  const products = instances.length === 0 ? undefined : proveProducts(v, channel, 'contractions', instances);
  const last = pullEnds(v, protocol, { alpha, beta }, channel.challenge('claims.gamma'), {
    fractions,
    products,
    instances: instances.map((i) => i.instance),
  });
  openFunctional(
    v,
    channel,
    parameters.opening,
    weights === undefined ? [advice] : [advice, weights],
    cellCovector(v, protocol, [first.pulled, last.pulled]),
  );
}
