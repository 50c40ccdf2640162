// Proofs of the native prover, and what both verifiers say to them.
import type { Circuit } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Plan, planCircuit } from '../../compiler/ir/interpret/plan.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { P } from '../../compiler/ir/koalabear.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { type BlockGroup, writtenOut } from '../../runtime/provers/plonk/block-groups.ts';
import {
  commitPort,
  commitWeights,
  honestValues,
  type LoadedKey,
  loadKey,
  makeKey,
  proveRun,
  type RunStatement,
  type Vectors,
  verifyRun,
  wasmVectors,
} from '../../runtime/provers/plonk/index.ts';
import type { ProofParameters } from '../../runtime/provers/plonk/parameters.ts';
import { findNonce, proofOfWork } from '../../runtime/provers/plonk/proof-of-work.ts';
import { claimsOf, PROTOCOL, type ProofContext, protocolOf } from '../../runtime/provers/plonk/protocol.ts';
import { committedValues } from '../../runtime/provers/plonk/run-values.ts';
import { type ProverChannel, proverChannel, verifierChannel } from '../../runtime/provers/plonk/transcript.ts';
import { readClaims } from '../../runtime/provers/plonk/verifier.ts';
import { integerTensor, type Random } from '../kits/random.ts';
import type { TwinGroup } from './blocks.ts';
import { type Element, ONE } from './field.ts';
import { littleEndian, TwinRefusal } from './transcript.ts';
import { type TwinKey, verifyWithTwin } from './verify.ts';

const v = wasmVectors();

const BLINDING = Uint8Array.from({ length: 32 }, (_, i) => 7 * i);

/** One run, proved. */
export interface ProvedRun {
  readonly plan: Plan;
  readonly statement: RunStatement;
  readonly proof: Uint8Array;
  readonly key: TwinKey;
  /** The same run, written to another channel, by other arithmetic. */
  prove(channel: ProverChannel, by?: Vectors): Uint8Array;
  /** Throws what the first verifier throws. */
  verifyFirst(statement: RunStatement, proof: Uint8Array): void;
}

/** Integers for all input and parameter ports of a circuit. */
export function randomPorts(circuit: Circuit, random: Random, variant = 4): Map<string, Tensor> {
  const ports = circuit.ports.filter((p) => p.role !== 'output');
  return new Map(
    ports.map((p) => {
      const { shape, range } = circuit.wires[p.wire]!;
      return [p.name, integerTensor(shape, range, variant, random)];
    }),
  );
}

const weightsOf = (circuit: Circuit, ports: ReadonlyMap<string, Tensor>): Map<string, Tensor['data']> =>
  new Map(circuit.ports.filter((p) => p.role === 'param').map((p) => [p.name, ports.get(p.name)!.data]));

/** Makes a key of the default parameters and proves a run. */
export function proveWithKey(
  circuit: Circuit,
  ports: ReadonlyMap<string, Tensor>,
): ProvedRun & { loaded: LoadedKey; keyBytes: Uint8Array } {
  const keyBytes = makeKey(v, circuit, weightsOf(circuit, ports));
  const loaded = loadKey(v, keyBytes);
  return { ...proved(circuit, loaded.run, ports), loaded, keyBytes };
}

/** Proves a run with any parameters, and with any plan of the circuit: no key says that they are good. */
export function proveWith(
  circuit: Circuit,
  ports: ReadonlyMap<string, Tensor>,
  parameters: ProofParameters,
  plan = planCircuit(circuit).run,
): ProvedRun {
  const protocol = protocolOf(claimsOf(v, plan), parameters.opening.code.logMessage);
  return proved(circuit, { protocol, parameters, context: Uint8Array.of(1, 2, 3) }, ports);
}

function proved(circuit: Circuit, run: ProofContext, ports: ReadonlyMap<string, Tensor>): ProvedRun {
  const { plan } = run.protocol;
  const witness = runWitness(circuit, ports);
  const values = honestValues(plan, witness);
  const committed = plan.committed.map(({ shape }, i) =>
    commitPort(v, run.parameters.opening.code, shape, committedValues(run.protocol, i, values.columns), BLINDING),
  );
  const statement: RunStatement = {
    inputs: plan.inputs.map((t) => witness.value(t.wire).data),
    outputs: plan.outputs.map((t) => witness.value(t.wire).data),
    commitments: committed.map((c) => c.root),
  };
  const weights = commitWeights(v, run, circuit, weightsOf(circuit, ports));
  const prove = (channel: ProverChannel, by = v): Uint8Array =>
    proveRun(by, run, statement, values, weights, { channel, ports: committed });
  const key = twinKey(run, weights?.root);
  return {
    plan,
    statement,
    proof: prove(proverChannel(PROTOCOL)),
    key,
    prove,
    verifyFirst: (stated, proof) => verifyRun(v, run, stated, weights?.root, proof),
  };
}

/** What the twin knows of a key; the groups are those of the first verifier. */
export function twinKey(run: ProofContext, weightRoot: Uint8Array | undefined): TwinKey {
  return {
    plan: run.protocol.plan,
    parameters: run.parameters,
    context: run.context,
    weightRoot,
    groups(statement, proof) {
      const mark = v.mark();
      const channel = verifierChannel(PROTOCOL, proof);
      const groups = readClaims(v, run, statement, weightRoot, channel).groups.map(twinGroup);
      v.release(mark);
      return groups;
    },
  };
}

function twinGroup(group: BlockGroup): TwinGroup {
  const { bits } = group;
  const inner = elementsOf(writtenOut(v, group));
  if (group.kind === 'region') return { bits, inner, cells: group.cells, blocks: [{ address: group.start, k: ONE }] };
  const blocks = group.places.flatMap(({ address, outer }) => {
    const sum = v.alloc(outer[0]!.values.length);
    for (const { k, values } of outer) v.addScaled(sum, values, k);
    return elementsOf(sum).map((k, b) => ({ address: address + b * 2 ** bits, k }));
  });
  return { bits, inner, cells: 2 ** bits, blocks };
}

const elementsOf = (words: Uint32Array): Element[] =>
  Array.from({ length: words.length / 4 }, (_, i): Element => {
    const [a, b, c, d] = Array.from(words.subarray(4 * i, 4 * i + 4), BigInt);
    return [a!, b!, c!, d!];
  });

/** What both verifiers say: `accepted`, `refused`, or who says what. @throws whatever is no refusal. */
export function verdict({ key, verifyFirst }: ProvedRun, statement: RunStatement, proof: Uint8Array): string {
  const first = says(
    () => verifyFirst(statement, proof),
    (e) => e instanceof Diagnostic && e.code === 'proof-refused',
  );
  const twin = says(
    () => verifyWithTwin(key, statement, proof),
    (e) => e instanceof TwinRefusal,
  );
  if (first === undefined && twin === undefined) return 'accepted';
  if (first !== undefined && twin !== undefined) return 'refused';
  return `verifier: ${first ?? 'accepted'}; twin: ${twin ?? 'accepted'}`;
}

function says(run: () => void, isRefusal: (e: unknown) => boolean): string | undefined {
  try {
    run();
    return undefined;
  } catch (e) {
    if (!isRefusal(e)) throw e;
    return String(e);
  }
}

/** One message of a proof: its label and where its bytes stand. */
export interface Message {
  readonly label: string;
  readonly at: number;
  readonly length: number;
}

/** What becomes of a message: one word or byte less by one; one word more by p, so that it is the same residue. */
export type Lie = 'another value' | 'another word';

/**
 * A channel that notes all messages and changes one of them before it is absorbed: what follows is consistent with the
 * lie, so that nothing but the check of this very message can notice. A lie about a proof of work is that none was done.
 */
export function lyingChannel(
  at = -1,
  random?: Random,
  kind: Lie = 'another value',
): ProverChannel & { readonly messages: readonly Message[] } {
  const messages: Message[] = [];
  let end = 0;
  const note = (label: string, length: number): boolean => {
    messages.push({ label, at: end, length });
    end += length;
    return messages.length - 1 === at;
  };
  let isIdle = false;
  const inner = proverChannel(PROTOCOL, (seed, bits) => {
    if (!isIdle) return findNonce(seed, bits);
    let nonce = 0;
    while (proofOfWork(seed, littleEndian(nonce, 8)) % 2 ** bits === 0) nonce++;
    return nonce;
  });
  const change = (data: Uint32Array | Uint8Array): void => {
    const i = random!.below(data.length);
    if (kind === 'another word') data[i]! += P;
    else data[i] = data[i] === 0 ? 1 : data[i]! - 1;
  };
  const words = (label: string, data: Uint32Array): void => {
    const own = data.slice();
    if (note(label, 4 * data.length)) change(own);
    inner.sendWords(label, own);
  };
  return {
    ...inner,
    messages,
    send: (label, values) => words(label, Uint32Array.from(values.flat())),
    sendWords: words,
    sendHashes(label, hashes) {
      const own = hashes.slice();
      if (note(label, hashes.length)) change(own);
      inner.sendHashes(label, own);
    },
    pow(label, bits) {
      isIdle = note(label, 8);
      inner.pow(label, bits);
    },
  };
}

/** The prover's arithmetic with one word of one codeword changed: of the columns that are encoded so many calls after the first. */
export function wrongCodeword(call: number): Vectors {
  let calls = 0;
  return {
    ...v,
    encode(columns, logMessage, logCode) {
      const rows = v.encode(columns, logMessage, logCode);
      if (calls++ === call) rows[rows.length - 1] = rows.at(-1) === 0 ? 1 : rows.at(-1)! - 1;
      return rows;
    },
  };
}
