// The twin: a second verifier of native proofs, written from docs/protocol.md on bigints alone. It shares with the first one
// what a circuit and its plan are, and is told how the last functional is cut into groups of blocks, which it checks.
import type { Plan, PublicTensor } from '../../compiler/ir/interpret/plan.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';
import { type TwinGroup, verifyReduction } from './blocks.ts';
import { constraintClaims, contractionTerms } from './constraints.ts';
import { endCovector, type TwinInstance, twinInstance } from './contractions.ts';
import { type Claim, type Dense, type DensePulled, fixedWires, pullDense } from './dense.ts';
import { add, dotBase, type Element, equal, modulo, multiply, powers, subtract, sum, ZERO } from './field.ts';
import { storageOf } from './layout.ts';
import { leafClaims, leafTrees, valueColumns } from './lookups.ts';
import { type TwinOpening, type TwinTree, verifyOpening } from './opening.ts';
import { verifyFractions, verifyProducts } from './sumchecks.ts';
import { denseOf, type TwinTerm } from './terms.ts';
import { join, littleEndian, type Reader, readProof, require } from './transcript.ts';

const PROTOCOL = 'zkmlc plonk-koalabear v3';

/** What a verification key fixes. */
export interface TwinKey {
  readonly plan: Plan;
  readonly parameters: { readonly opening: TwinOpening; readonly chainSteps: number };
  /** Names what proofs are for. */
  readonly context: Uint8Array;
  /** Root of the registered weights; undefined if there are none. */
  readonly weightRoot: Uint8Array | undefined;
  /** The groups of blocks of the functional that a proof ends in. */
  readonly groups: (statement: TwinStatement, proof: Uint8Array) => readonly TwinGroup[];
}

/** Integers of public tensors, row-major, in the order of the plan. */
export interface TwinStatement {
  readonly inputs: readonly ArrayLike<number>[];
  readonly outputs: readonly ArrayLike<number>[];
  /** Roots of committed ports; none if absent. */
  readonly commitments?: readonly Uint8Array[];
}

/**
 * Checks that the proof shows a run of the plan's circuit on the statement.
 * @throws TwinRefusal naming the check that fails.
 */
export function verifyWithTwin(key: TwinKey, statement: TwinStatement, proof: Uint8Array): void {
  const { plan, parameters, context, weightRoot } = key;
  const inputs = integersOf(plan.inputs, statement.inputs, 'input');
  const outputs = integersOf(plan.outputs, statement.outputs, 'output');
  const { logMessage } = parameters.opening.code;
  const columns = (cells: number): number => Math.ceil(cells / 2 ** logMessage);
  const adviceColumns = Math.max(1, columns(plan.cells.advice));
  const weightColumns = columns(plan.cells.weight);
  require((weightRoot !== undefined) === weightColumns > 0, 'weights: a root exactly where there are some');

  const { commitments = [] } = statement;
  require(commitments.length === plan.committed.length, 'statement: commitments');
  // The tensor's columns, and four of salt.
  const portColumns = plan.committed.map(({ shape }) => columns(sizeOf(shape)) + 4);

  const reader = readProof(PROTOCOL, proof);
  reader.absorb('key', context);
  for (const x of inputs) reader.absorb('input', join(...x.map((v) => littleEndian(v, 8))));
  for (const y of outputs) reader.absorb('output', join(...y.map((v) => littleEndian(v, 8))));
  for (const root of commitments) reader.absorb('port', root);
  if (weightRoot !== undefined) reader.absorb('weights', weightRoot);
  const trees: TwinTree[] = [{ kind: 'advice', columns: adviceColumns, root: reader.hashes('advice', 1) }];
  if (weightRoot !== undefined) trees.push({ kind: 'weights', columns: weightColumns, root: weightRoot });
  for (const [i, root] of commitments.entries()) trees.push({ kind: 'port', columns: portColumns[i]!, root });
  reader.chain(parameters.chainSteps);

  const words = { inputs: inputs.map((x) => x.map(modulo)), outputs: outputs.map((y) => y.map(modulo)) };
  const { parts, target } = reduceToLeaves(reader, plan, words.outputs);
  // What public tensors and constants contribute is known; the rest is what the committed cells must add up to.
  const known = parts.map(({ leaves, constant }) => {
    const onInputs = plan.inputs.map(({ wire }, i) => dotBase(leaves.get(wire) ?? [], words.inputs[i]!));
    return sum([constant, ...onInputs]);
  });
  const areas = new Map<string, readonly [start: number, end: number]>();
  let end = 0;
  const groups: [string, number][] = [
    ['advice', adviceColumns],
    ['weight', weightColumns],
  ];
  for (const [group, count] of [...groups, ...portColumns.map((n, i) => [`port${i}`, n] as const)]) {
    const start = end;
    end += count * 2 ** logMessage;
    areas.set(group, [start, end]);
  }
  const covector = cellCovector(plan, parts, areas, end);
  const left = verifyReduction(reader, key.groups(statement, proof), covector, subtract(target, sum(known)));
  verifyOpening(reader, parameters.opening, trees, left.covector, left.target);
  reader.end();
}

function integersOf(tensors: readonly PublicTensor[], given: readonly ArrayLike<number>[], role: string): bigint[][] {
  require(given.length === tensors.length, `statement: ${given.length} ${role}s`);
  return tensors.map(({ name, shape, range }, i) => {
    require(given[i]!.length === sizeOf(shape), `statement: size of ${role} ${name}`);
    return Array.from(given[i]!, (x) => {
      require(Number.isSafeInteger(x) && BigInt(x) >= range.lo && BigInt(x) <= range.hi, `statement: ${role} ${name}`);
      return BigInt(x);
    });
  });
}

/** Functionals over columns and public tensors, and what they must add up to. */
interface LastClaims {
  readonly parts: readonly DensePulled[];
  readonly target: Element;
}

/** Everything between the commitments and the opening. */
function reduceToLeaves(reader: Reader, plan: Plan, outputs: readonly (readonly bigint[])[]): LastClaims {
  const fixed = fixedWires(plan.circuit);
  const alpha = reader.challenge('lookups.alpha');
  const width = valueColumns(plan);
  const betas = width === 0 ? [] : reader.challenges('lookups.betas', width);
  const challenges = { alpha, betas, tag: reader.challenge('lookups.tag') };
  const first = constraintClaims(reader, plan, outputs);
  const constraints = pullDense(plan, fixed, first.dense);
  const instances = instancesOf(plan, contractionTerms(plan, fixed, first.terms), constraints);
  const values = instances.length === 0 ? [] : reader.elements('contractions.values', instances.length);

  const trees = leafTrees(plan);
  const fractions = trees.map(({ variables }) => verifyFractions(reader, variables));
  const products = instances.map(({ variables }, l) => ({ variables, value: values[l]! }));
  const { point, ends } = products.length === 0 ? { point: [], ends: [] } : verifyProducts(reader, products);

  const gamma = powers(reader.challenge('claims.gamma'), 1 + 2 * (trees.length + instances.length));
  const claims: Claim[] = [];
  let target = subtract(first.target, sum([first.constant, ...values]));
  let next = 1;
  for (const [t, tree] of trees.entries()) {
    const own = leafClaims(plan, tree, challenges, fractions[t]!, gamma[next]!, gamma[next + 1]!);
    next += 2;
    claims.push(...own.claims);
    target = add(target, own.target);
  }
  for (const [l, instance] of instances.entries())
    for (const [side, operand] of [instance.a, instance.b].entries()) {
      const k = gamma[next++]!;
      const covector = endCovector(instance, operand, point.slice(point.length - instance.variables));
      claims.push({ wire: operand.wire, covector: covector.map((x) => multiply(k, x)) });
      target = add(target, multiply(k, ends[l]![side]!));
    }
  const last = pullDense(plan, fixed, claims);
  if (last.results.size > 0) throw new Error('a last claim reaches a contraction');
  return { parts: [constraints, last], target };
}

/** One instance for each term that reaches a contraction; the terms must be what dense covectors are. */
function instancesOf(
  plan: Plan,
  terms: readonly (readonly TwinTerm[])[],
  { results }: DensePulled,
): readonly TwinInstance[] {
  return plan.contractions.flatMap((contraction, i) => {
    const shape = plan.shapes[contraction.wire]!;
    const zero = new Array<Element>(sizeOf(shape)).fill(ZERO);
    const total = terms[i]!.map((t) => denseOf(t, shape)).reduce((x, y) => x.map((e, n) => add(e, y[n]!)), zero);
    const dense = results.get(contraction.wire) ?? zero;
    if (!total.every((e, n) => equal(e, dense[n]!))) throw new Error('terms are not the covector they stand for');
    return terms[i]!.map((t) => twinInstance(contraction, plan.shapes, t));
  });
}

/** The functional over all committed cells: the advice from address 0, then weights and committed ports, each by itself. */
function cellCovector(
  plan: Plan,
  parts: readonly DensePulled[],
  areas: ReadonlyMap<string, readonly [start: number, end: number]>,
  size: number,
): Dense {
  const cells = new Array<Element>(size).fill(ZERO);
  const isTaken = new Array<boolean>(cells.length).fill(false);
  for (const { wire, group, offset, size: length } of plan.columns) {
    const storage = storageOf(plan.shapes[wire]!);
    const [from, end] = areas.get(group)!;
    const start = from + offset;
    if (start + length > end || storage.cells.length !== length) throw new Error('a column leaves its group');
    for (const [s, cell] of storage.cells.entries()) {
      if (isTaken[start + s]!) throw new Error('two columns share a cell');
      isTaken[start + s] = true;
      cells[start + s] = sum(parts.map(({ leaves }) => leaves.get(wire)?.[cell] ?? ZERO));
    }
  }
  return cells;
}
