// Committed ports: proofs of two circuits that show the same root are about the same tensor.
import { describe, expect, it } from 'vitest';
import type { Visibility } from '../../compiler/ir/circuit.ts';
import { type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { planCircuit } from '../../compiler/ir/interpret/plan.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { residue } from '../../compiler/ir/koalabear.ts';
import type { RecordedWire } from '../../compiler/ir/recorder.ts';
import { type Shape, type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import {
  type Commitment,
  commitPort,
  honestValues,
  loadKey,
  makeKey,
  proveRun,
  verifyRun,
  wasmVectors,
} from '../../runtime/provers/plonk/index.ts';
import { committedValues } from '../../runtime/provers/plonk/run-values.ts';
import { requantize } from '../../stdlib/gadgets/index.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';

const v = wasmVectors();
const SHAPE: Shape = [3, 8];
const LOG_MESSAGE = 6;
const blindingOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

const byte = interval(0, 255);
/** y = clamp(3 x / 4), committed. */
const producer = recordCircuit(KOALABEAR, (b) => {
  const x = b.input('x', 'input', 'public', SHAPE, byte);
  b.output('y', 'committed', requantize(b, [[x, 3n]], 2, byte, 'y') as RecordedWire);
});
/** z = row sums of the committed y. */
const consumer = recordCircuit(KOALABEAR, (b) => {
  const y = b.input('y', 'input', 'committed', SHAPE, byte);
  b.output('z', 'public', b.sum(y, [1]));
});

function party(circuit: Circuit) {
  const key = loadKey(v, makeKey(v, circuit, new Map(), { logMessage: LOG_MESSAGE }));
  const { plan } = key.run.protocol;
  const { code } = key.run.parameters.opening;
  return {
    commit: (t: Tensor, blinding: Uint8Array) =>
      commitPort(v, code, t.shape, Uint32Array.from(t.data, residue), blinding),
    /** @param commitments what the statement and the opening take for the committed ports */
    prove(inputs: ReadonlyMap<string, Tensor>, commitments?: readonly Commitment[], shown = commitments) {
      const witness = runWitness(plan.circuit, inputs);
      const values = honestValues(plan, witness);
      const ports =
        commitments ??
        plan.committed.map(({ shape }, i) =>
          commitPort(v, code, shape, committedValues(key.run.protocol, i, values.columns), blindingOf(1)),
        );
      const statement = {
        inputs: plan.inputs.map((t) => witness.value(t.wire).data),
        outputs: plan.outputs.map((t) => witness.value(t.wire).data),
        commitments: (shown ?? ports).map((c) => c.root),
      };
      const proof = proveRun(v, key.run, statement, values, undefined, { ports });
      return { statement, verify: (s = statement) => verifyRun(v, key.run, s, undefined, proof) };
    },
  };
}

const x = tensor(
  SHAPE,
  Array.from({ length: 24 }, (_, i) => (i * 37) % 256),
);
const y = tensor(
  SHAPE,
  Array.from(x.data, (e) => Math.floor((3 * e + 2) / 4)),
);
const first = party(producer);
const second = party(consumer);

describe('commitments to ports', () => {
  it('link two proofs: producer and consumer show the same root', () => {
    const [a, b] = [first.prove(new Map([['x', x]])), second.prove(new Map([['y', y]]))];
    a.verify();
    b.verify();
    expect(a.statement.commitments).toEqual(b.statement.commitments);
  });

  it('bind the tensor: another root, or another tensor behind the root, is refused', () => {
    const other = tensor(
      SHAPE,
      y.data.map((e, i) => (i === 7 ? e + 1 : e)),
    );
    const run = second.prove(new Map([['y', y]]));
    const root = second.commit(other, blindingOf(1));
    expect(() => run.verify({ ...run.statement, commitments: [root.root] })).toThrow(/refused|root|proof/);
    // Proved of the one tensor with the commitment to the other: in the statement alone, and in the opening as well.
    const own = [second.commit(y, blindingOf(1))];
    expect(() => second.prove(new Map([['y', y]]), own, [root]).verify()).toThrow(/port/);
    expect(() => second.prove(new Map([['y', y]]), [root]).verify()).toThrow();
    expect(() => second.prove(new Map([['y', other]]), own).verify()).toThrow();
    expect(() => first.prove(new Map([['x', x]]), [root]).verify()).toThrow();
    first.prove(new Map([['x', x]]), [first.commit(y, blindingOf(9))]).verify();
  });

  it('refuse a statement with too few commitments, too many, or of another length', () => {
    const { statement, verify } = second.prove(new Map([['y', y]]));
    const [root] = statement.commitments;
    for (const commitments of [[], [root!, root!], [root!.subarray(1)]])
      expect(() => verify({ ...statement, commitments })).toThrow(/commitments where the model has 1/);
  });

  it('hide the tensor behind the blinding value, and depend on nothing else', () => {
    const roots = [blindingOf(1), blindingOf(2)].map((b) => Buffer.from(first.commit(y, b).root).toString('hex'));
    expect(roots[0]).not.toEqual(roots[1]);
    expect(Buffer.from(second.commit(y, blindingOf(1)).root).toString('hex')).toEqual(roots[0]);
    expect(() => first.commit(y, new Uint8Array(31))).toThrow(/31 bytes/);
  });
});

it('an output is its own column where it is one already, else a copy', () => {
  const committed = (build: (x: RecordedWire) => RecordedWire, visibility: Visibility = 'private') =>
    planCircuit(
      recordCircuit(KOALABEAR, (b) => {
        const given = b.input('x', 'input', visibility, [4], byte);
        b.output('y', 'committed', build(given));
        b.output('again', 'committed', build(given));
      }),
    ).run;
  const groups = (p: ReturnType<typeof committed>) => p.columns.map((c) => c.group).filter((g) => g !== 'advice');
  const same = committed((w) => w);
  expect([groups(same), same.identities.length]).toEqual([['port0', 'port1'], 1]);
  const given = committed((w) => w, 'public');
  expect([groups(given), given.identities.length]).toEqual([['port0', 'port1'], 2]);
  const both = committed((w) => w, 'committed');
  expect([groups(both), both.identities.length]).toEqual([['port0', 'port1', 'port2'], 2]);
});
