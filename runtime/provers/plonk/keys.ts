// Keys: weights are committed and registered once; a key is good only with a proof that they lie in their intervals.
import type { Circuit } from '../../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { digest } from '../../../compiler/ir/digest.ts';
import { type Plan, type Plans, planCircuit, storeCells, wiresRead } from '../../../compiler/ir/interpret/plan.ts';
import { runWitness } from '../../../compiler/ir/interpret/witness.ts';
import { deserializeCircuit, serializeCircuit } from '../../../compiler/ir/serialize.ts';
import type { NumericArray, Tensor } from '../../../compiler/ir/tensor.ts';
import { chooseParameters } from './choose-parameters.ts';
import { type Commitment, commit, type EncodedCommitment, type OpenableRows } from './commitment.ts';
import { residue } from './field.ts';
import { decodeKeyFile, encodeKeyFile, type KeyFile, parametersText, type RegisteredWeights } from './key-file.ts';
import { rootOf, type TreeShape } from './merkle.ts';
import { DEFAULT_SECURITY_BITS, type ProofParameters, requireSecurity, securityBits } from './parameters.ts';
import { claimsOf, type ProofContext, protocolOf } from './protocol.ts';
import { protocolSize } from './protocol-size.ts';
import { type ProvingStep, provingSteps } from './prover.ts';
import type { RunStatement } from './run-statement.ts';
import { honestValues } from './run-values.ts';
import type { FindNonce } from './transcript.ts';
import type { Vectors } from './vectors.ts';
import { verifyRun } from './verifier.ts';

/** Bits that a registration has beyond the target: half of the error is its own. */
const REGISTRATION_MARGIN = 1;

/** Bits that a run must have beyond the target for both together to reach it: the other half. */
const REGISTRATION_SHARE = 1;

/** Integers by parameter port, row-major. */
export type Weights = ReadonlyMap<string, NumericArray>;

/** A key that has been checked: parameters reach the target, and the weights' registration proof verifies. */
export interface LoadedKey {
  readonly circuit: Circuit;
  /** The circuit as serialized. */
  readonly circuitBytes: Uint8Array;
  /** What runs are proved and verified with. */
  readonly run: ProofContext;
  readonly weightRoot: Uint8Array | undefined;
  /** Provable soundness of a run and the registration together, in bits. */
  readonly securityBits: number;
}

const NOTHING: RunStatement = { inputs: [], outputs: [] };

const bytesOfHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** What a run's proof is for: the whole key. */
const runContext = (key: Uint8Array): Uint8Array => bytesOfHex(digest('zkmlc/plonk-run', key));

/** What a registration is for: the intervals of a circuit's parameters under one code. */
function registrationContext(circuit: Uint8Array, parameters: ProofParameters): Uint8Array {
  return bytesOfHex(digest('zkmlc/plonk-registration', circuit, parametersText(parameters)));
}

/** The columns of weights must lie at the same places in both plans, for one commitment to serve both. */
function checkSameWeights(run: Plan, registration: Plan): void {
  const places = (plan: Plan): string =>
    JSON.stringify(
      plan.columns.filter((c) => c.group === 'weight').map(({ wire, size, offset }) => [wire, size, offset]),
    );
  if (places(run) !== places(registration))
    throw new RangeError('a registration has other weight columns than its runs');
}

/** Kind of the tree over the codewords of weights. */
const WEIGHTS = 'weights';

/** The tree of a key's commitment to weights, of which there must be some. */
export function weightShape({ protocol, parameters }: ProofContext): TreeShape {
  return { kind: WEIGHTS, width: protocol.weightColumns, rows: 2 ** parameters.opening.code.logCode };
}

/** Messages of the weight columns by the layout of the key's runs. */
function weightCells(v: Vectors, { protocol }: ProofContext, circuit: Circuit, weights: Weights): Uint32Array {
  const { plan, logRows, weightColumns } = protocol;
  const names = new Map(circuit.ports.map((p) => [p.wire, p.name]));
  const cells = v.alloc(2 ** logRows * weightColumns);
  // One after the other: all at once they would take as much memory again.
  for (const { wire, group, offset } of plan.columns)
    if (group === 'weight') storeCells(cells, offset, weightWords(weights, names.get(wire)!), plan.shapes[wire]!);
  return cells;
}

/** Commits to weights by the layout of the key's runs. */
export function commitWeights(
  v: Vectors,
  context: ProofContext,
  circuit: Circuit,
  weights: Weights,
): EncodedCommitment | undefined {
  if (context.protocol.weightColumns === 0) return undefined;
  return commit(v, WEIGHTS, weightCells(v, context, circuit, weights), context.parameters.opening.code);
}

/** A commitment to weights that was made before: messages from the weights, codewords from where they are kept. */
export function storedWeights(
  v: Vectors,
  context: ProofContext,
  circuit: Circuit,
  weights: Weights,
  rows: OpenableRows,
): Commitment {
  return { ...rows, root: rootOf(rows.tree), columns: weightCells(v, context, circuit, weights) };
}

function parameterTensors({ ports, wires }: Circuit, weights: Weights): Map<string, Tensor> {
  return new Map(
    ports.flatMap(({ name, wire }) => {
      const data = weights.get(name);
      return data === undefined ? [] : [[name, { shape: wires[wire]!.shape, data }] as const];
    }),
  );
}

function weightWords(weights: Weights, name: string): Uint32Array {
  const values = weights.get(name);
  if (values === undefined) throw new RangeError(`weights ${name} are missing`);
  const words = new Uint32Array(values.length);
  for (let i = 0; i < words.length; i++) words[i] = residue(values[i]!);
  return words;
}

/** Rows of every column as log2 that {@link makeKey} chooses for a circuit by itself. */
export function bestLogMessage(v: Vectors, circuit: Circuit): number {
  const { run, registration } = planCircuit(circuit);
  return chooseParameters(protocolSize(claimsOf(v, run)), targetOf(registration)).opening.code.logMessage;
}

const targetOf = (registration: Plan | undefined): { readonly targetBits: number } => ({
  targetBits: DEFAULT_SECURITY_BITS + (registration === undefined ? 0 : REGISTRATION_SHARE),
});

/** What a key is made with. */
export interface KeyOptions {
  /** Rows of every column as log2: the same for all keys whose proofs share commitments to ports. */
  readonly logMessage?: number;
  /** Given the commitment to weights, if there are any, to store it for the prover. */
  readonly keep?: (commitment: EncodedCommitment) => void;
  /** Search for proofs of work. */
  readonly findNonce?: FindNonce;
}

/**
 * Makes the verification key of a circuit: chooses parameters, commits to the weights and proves their intervals. The same
 * circuit and weights give the same bytes everywhere: nothing is random.
 * @param weights integers by parameter port
 * @throws Diagnostic what planning refuses, `insecure-parameters`.
 */
export function makeKey(v: Vectors, circuit: Circuit, weights: Weights, options: KeyOptions = {}): Uint8Array {
  for (const steps = keySteps(v, circuit, weights, options); ; ) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** {@link makeKey} step by step, for callers that show progress or stop between two steps. */
export function* keySteps(
  v: Vectors,
  circuit: Circuit,
  weights: Weights,
  { keep = () => {}, logMessage: asked, findNonce }: KeyOptions = {},
): Generator<ProvingStep, Uint8Array> {
  const { run, registration } = planCircuit(circuit);
  const claims = claimsOf(v, run);
  const bytes = serializeCircuit(circuit);
  const registrationBits = DEFAULT_SECURITY_BITS + REGISTRATION_MARGIN;
  const parameters = chooseParameters(protocolSize(claims), {
    ...targetOf(registration),
    ...(asked !== undefined && { logMessage: asked }),
  });
  const file = { circuit: bytes, parameters };
  if (registration === undefined) return encodeKeyFile(file);
  checkSameWeights(run, registration);
  const { logMessage } = parameters.opening.code;
  const registered = claimsOf(v, registration);
  const own = chooseParameters(protocolSize(registered), { targetBits: registrationBits, logMessage });
  const context: ProofContext = {
    protocol: protocolOf(registered, logMessage),
    parameters: own,
    context: registrationContext(bytes, own),
  };
  yield { phase: 'commit', done: 0 };
  const commitment = commitWeights(v, context, circuit, weights)!;
  keep(commitment);
  yield { phase: 'commit', done: 0 };
  const witness = runWitness(registration.circuit, parameterTensors(registration.circuit, weights), {
    keep: wiresRead(registration),
  });
  const values = honestValues(registration, witness);
  const options = findNonce === undefined ? {} : { findNonce };
  const proof = yield* provingSteps(v, context, NOTHING, values, commitment, options);
  return encodeKeyFile({ ...file, weights: { root: commitment.root, parameters: own, proof } });
}

/**
 * Reads a key and checks everything that makes its proofs mean something: parameters, layout, registration.
 * @throws Diagnostic `bad-verification-key`, `wrong-version`, `bad-circuit`, `insecure-parameters`.
 */
export function loadKey(v: Vectors, bytes: Uint8Array): LoadedKey {
  const file = decodeKeyFile(bytes);
  const circuit = deserializeCircuit(file.circuit);
  const plans = planCircuit(circuit);
  const { run } = plans;
  const { parameters, weights } = file;
  const claims = claimsOf(v, run);
  const size = protocolSize(claims);
  requireSecurity(size, parameters, DEFAULT_SECURITY_BITS);
  let error = 2 ** -securityBits(size, parameters);
  if ((weights === undefined) !== (plans.registration === undefined)) throw bad('its registration of weights');
  if (weights !== undefined) error += checkRegistration(v, file, weights, plans);
  const bits = -Math.log2(error);
  if (!(bits >= DEFAULT_SECURITY_BITS))
    throw new Diagnostic(
      'insecure-parameters',
      `runs and registration together have ${bits.toFixed(2)} bits of soundness`,
    );
  return {
    circuit,
    circuitBytes: file.circuit,
    run: {
      protocol: protocolOf(claims, parameters.opening.code.logMessage),
      parameters,
      context: runContext(bytes),
    },
    weightRoot: weights?.root,
    securityBits: bits,
  };
}

/** Verifies the registration proof. @returns its soundness error. */
function checkRegistration(v: Vectors, file: KeyFile, weights: RegisteredWeights, plans: Plans): number {
  const registration = plans.registration!;
  checkSameWeights(plans.run, registration);
  const { parameters, root, proof } = weights;
  const [ours, theirs] = [file.parameters.opening.code, parameters.opening.code];
  if (ours.logMessage !== theirs.logMessage || ours.logCode !== theirs.logCode)
    throw bad('its weights are registered for another code');
  const claims = claimsOf(v, registration);
  const size = protocolSize(claims);
  requireSecurity(size, parameters, DEFAULT_SECURITY_BITS);
  const context: ProofContext = {
    protocol: protocolOf(claims, ours.logMessage),
    parameters,
    context: registrationContext(file.circuit, parameters),
  };
  try {
    verifyRun(v, context, NOTHING, root, proof);
  } catch (e) {
    if (e instanceof Diagnostic) throw bad(`the weights' registration is refused: ${e.message}`);
    throw e;
  }
  return 2 ** -securityBits(size, parameters);
}

const bad = (what: string): Diagnostic => new Diagnostic('bad-verification-key', `verification key: ${what}`);
