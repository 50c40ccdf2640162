// The native prover on artifacts: weights are read once, then any number of runs is proved with them.
import type { Circuit } from '../compiler/ir/circuit.ts';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { wiresRead } from '../compiler/ir/interpret/plan.ts';
import { runWitness, type Witness } from '../compiler/ir/interpret/witness.ts';
import { publicSignals } from '../compiler/ir/public-signals.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';
import type { PortDescription } from './artifact/description.ts';
import type { Parameter } from './artifact/parameters.ts';
import type { ProofFile } from './artifact/proof-file.ts';
import { openWeightCommitment } from './artifact/weight-commitment.ts';
import { type EncodeOptions, encodeInputs } from './evaluate/encode.ts';
import { bigintOfRoot, commitTensor, isStated, randomBlinding, signalOf, THREADS } from './native.ts';
import {
  type Commitment,
  honestValues,
  type LoadedKey,
  type ProvingPhase,
  type ProvingStep,
  provingSteps,
  storedWeights,
  wasmVectors,
  weightShape,
} from './provers/plonk/index.ts';
import { turn } from './turn.ts';
import type { Opening } from './witness.ts';
import { extremesOf, WITNESS_KERNELS } from './witness-kernels/index.ts';

/** What proving an artifact needs. */
export interface NativeProverInput {
  readonly circuit: Circuit;
  readonly ports: readonly PortDescription[];
  readonly parameters: readonly Parameter[];
  readonly key: LoadedKey;
  /** Path of the commitment to weights, where there are any. */
  readonly weightsPath: string | undefined;
}

/** Told when a phase of a proof begins, and how much of the work is done (0 to 1, about). */
export type OnPhase = (phase: ProvingPhase, done: number) => void;

/** Blinding values by committed port, below 2^256; fresh ones where none is given. */
export type Blindings = ReadonlyMap<string, bigint>;

/** A run that is ready to be proved. */
export interface PreparedRun {
  /** The model's outputs, as integers. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** What opens the commitments to committed ports. Secret. */
  readonly openings: readonly Opening[];
  /** Input elements that were saturated. */
  readonly clamped: number;
  /** Signals and proof. */
  prove(onPhase?: OnPhase): Pick<ProofFile, 'signals' | 'proof'>;
  /** The same, letting the event loop turn between phases. @throws the signal's reason if it is aborted. */
  proveInTurns(onPhase: OnPhase, signal: AbortSignal | undefined): Promise<Pick<ProofFile, 'signals' | 'proof'>>;
}

/** A model with its weights in memory, ready to prove run after run. */
export interface NativeProver {
  /**
   * Runs the model on reals.
   * @throws Diagnostic `input-out-of-range` and the like as {@link encodeInputs}.
   */
  prepare(reals: ReadonlyMap<string, Tensor>, options: EncodeOptions): PreparedRun;
  /** Runs the model on the integers of its inputs. @throws Diagnostic `input-out-of-range` and the like. */
  prepareIntegers(integers: ReadonlyMap<string, Tensor>, blindings?: Blindings): Omit<PreparedRun, 'clamped'>;
  /** Ends the threads; nothing may be proved afterwards. */
  close(): void;
}

/** @throws Diagnostic `bad-artifact` and the like where the commitment to weights is not the key's. */
export function createNativeProver({ circuit, ports, parameters, key, weightsPath }: NativeProverInput): NativeProver {
  const v = wasmVectors({ threads: THREADS });
  const values = new Map(parameters.map((p) => [p.name, p.values]));
  const weights = ((): Commitment | undefined => {
    const { weightRoot } = key;
    if (weightRoot === undefined) return undefined;
    if (weightsPath === undefined)
      throw new Diagnostic('bad-artifact', 'the artifact has no commitment to weights: compile the model again');
    const rows = openWeightCommitment(v, weightsPath, weightShape(key.run), weightRoot);
    return storedWeights(v, key.run, circuit, values, rows);
  })();
  const fixed = new Map<string, Tensor>();
  for (const { role, name, wire } of circuit.ports) {
    const data = role === 'param' ? values.get(name) : undefined;
    if (data !== undefined) fixed.set(name, { shape: circuit.wires[wire]!.shape, data });
  }
  const { plan } = key.run.protocol;
  // Weights are this prover's own and the same in every run: they are searched once.
  const searched = new Map([...fixed.values()].map(({ data }) => [data, extremesOf(data)]));
  const extremes: typeof extremesOf = (data) => (searched.has(data) ? searched.get(data) : extremesOf(data));
  const options = { ...WITNESS_KERNELS, extremes, keep: wiresRead(plan) };
  const { code } = key.run.parameters.opening;
  const prepareIntegers: NativeProver['prepareIntegers'] = (integers, blindings = new Map()) => {
    const witness = runWitness(plan.circuit, new Map([...fixed, ...integers]), options);
    const valuesOf = (tensors: typeof plan.inputs): Tensor['data'][] => tensors.map((t) => witness.value(t.wire).data);
    const hidden = plan.committed.map(({ name }) => {
      const { role, wire } = circuit.ports.find((p) => p.name === name)!;
      const blinding = blindings.get(name) ?? randomBlinding();
      return { name, role: role === 'input' ? 'input' : 'output', tensor: witness.value(wire), blinding } as const;
    });
    /** As large as the proof's own codewords: made for the proof, or for the openings of a run that is not proved yet. */
    const commitAll = (): Commitment[] => hidden.map(({ tensor, blinding }) => commitTensor(v, code, tensor, blinding));
    let known: readonly Opening[] | undefined;
    const openingsBy = (commitments: readonly Commitment[]): readonly Opening[] =>
      hidden.map(({ name, role, tensor: { shape, data }, blinding }, i) => {
        const commitment = bigintOfRoot(commitments[i]!.root);
        return { name, role, shape, integers: [...data], blinding, commitment };
      });
    const openings = (): readonly Opening[] => {
      const mark = v.mark();
      known ??= openingsBy(commitAll());
      v.release(mark);
      return known;
    };
    function* steps(): Generator<ProvingStep, Uint8Array> {
      const start = v.mark();
      try {
        const committed = commitAll();
        known = openingsBy(committed);
        const statement = {
          inputs: valuesOf(plan.inputs),
          outputs: valuesOf(plan.outputs),
          commitments: committed.map((c) => c.root),
        };
        const { findNonce } = v;
        const values_ = honestValues(plan, witness);
        return yield* provingSteps(v, key.run, statement, values_, weights, { findNonce, ports: committed });
      } finally {
        v.release(start);
      }
    }
    const withSignals = (proof: Uint8Array): Pick<ProofFile, 'signals' | 'proof'> => ({
      signals: signalsOf(circuit, witness, openings()),
      proof,
    });
    return {
      outputs: witness.outputs,
      get openings() {
        return openings();
      },
      prove(onPhase = () => {}) {
        for (const all = steps(); ; ) {
          const step = all.next();
          if (step.done === true) return withSignals(step.value);
          onPhase(step.value.phase, step.value.done);
        }
      },
      async proveInTurns(onPhase, signal) {
        const all = steps();
        try {
          for (;;) {
            const step = all.next();
            if (step.done === true) return withSignals(step.value);
            onPhase(step.value.phase, step.value.done);
            await turn(signal);
          }
        } finally {
          // Memory of an interrupted proof goes back.
          all.return(new Uint8Array(0));
        }
      },
    };
  };
  return {
    close: v.close,
    prepareIntegers,
    prepare(reals, encoding) {
      const { integers, clamped } = encodeInputs(ports, reals, encoding);
      return Object.assign(prepareIntegers(integers), { clamped });
    },
  };
}

/** Public signals: elements in 64-bit two's complement, commitments as they are. */
function signalsOf(circuit: Circuit, witness: Witness, openings: readonly Opening[]): bigint[] {
  const shown = { ...circuit, ports: circuit.ports.filter(isStated) };
  const commitments = new Map(openings.map((o) => [o.name, o.commitment]));
  return publicSignals(shown).flatMap(({ port, kind }) => {
    const { name, wire } = shown.ports[port]!;
    if (kind === 'commitment') return [commitments.get(name)!];
    return Array.from(witness.value(wire).data, signalOf);
  });
}
