// What a verifier must know of a sliced model, as `verifier/run.json`: slices, and the tensors between them. Read strictly.
import { PROOF_SYSTEMS, type ProofSystem } from '../../compiler/ir/backend.ts';
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { digest } from '../../compiler/ir/digest.ts';
import { checkShape, type Shape } from '../../compiler/ir/tensor.ts';
import { ARTIFACT_VERSION, ELEMENT_TYPES, type ElementType, portScale } from './description.ts';
import { document, type Fail, oneOf, record, string, whole } from './strict-json.ts';

/** One slice: an ordinary circuit with a key of its own. */
export interface RunSlice {
  readonly name: string;
  /** Folder of its files; equal slices share one. */
  readonly id: string;
  /** Model root of the slice: 64 hex digits. */
  readonly root: string;
  /** Multiply-accumulates of its contractions: what coverage is stated in. */
  readonly macs: number;
  /** Index of the tensor at each input and output port, in the order of the ports (weights left out). */
  readonly ports: readonly number[];
  /** ONNX nodes, for people. */
  readonly nodes: readonly string[];
}

/** A tensor that enters or leaves a slice: real = scale * integer, integers in [lo, hi]. */
export interface RunTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly lo: number;
  readonly hi: number;
  readonly scale: string;
  /** Element type in the ONNX model, of inputs and outputs. */
  readonly dtype?: ElementType;
  readonly visibility: 'public' | 'private' | 'committed';
  /** Slice that computes it; -1 for an input of the model. */
  readonly producer: number;
  /** Slices that read it, ascending. */
  readonly consumers: readonly number[];
  /** Name of the model's input that it is. */
  readonly input?: string;
  /** Names of the model's outputs that it is. */
  readonly outputs: readonly string[];
}

/** Content of `run.json`. */
export interface RunDescription {
  readonly format: 'zkmlc/run';
  readonly version: number;
  /** Name of the model, for people. */
  readonly model: string;
  readonly backend: string;
  readonly proofSystem: ProofSystem;
  readonly slices: readonly RunSlice[];
  readonly tensors: readonly RunTensor[];
}

/** Largest `run.json` that is read (bytes). */
export const MAX_RUN_DESCRIPTION_BYTES = 2 ** 26;
const MOST_SLICES = 10_000;
const MOST_TENSORS = 100_000;

/** The description as the bytes that are written and hashed: fixed key order, no insignificant freedom. */
export function encodeRunDescription(d: RunDescription): Uint8Array {
  const { format, version, model, backend, proofSystem } = d;
  const slices = d.slices.map(({ name, id, root, macs, ports, nodes }) => ({ name, id, root, macs, ports, nodes }));
  const tensors = d.tensors.map((t) => ({
    name: t.name,
    shape: t.shape,
    lo: t.lo,
    hi: t.hi,
    scale: t.scale,
    ...(t.dtype !== undefined && { dtype: t.dtype }),
    visibility: t.visibility,
    producer: t.producer,
    consumers: t.consumers,
    ...(t.input !== undefined && { input: t.input }),
    outputs: t.outputs,
  }));
  const text = JSON.stringify({ format, version, model, backend, proofSystem, slices, tensors }, null, 1);
  return Buffer.from(`${text}\n`, 'utf8');
}

/**
 * The model root of a sliced model: one digest over the description, which holds the root of every slice. It binds graph,
 * weights, scales and keys of the slices, and which tensors go where.
 */
export function runRoot(description: Uint8Array): string {
  return digest('zkmlc/run-root', description);
}

/**
 * Reads a description strictly: known keys and types only, the bytes must be those that encoding gives back, and tensors and
 * ports must fit together: every port of a slice is that of one tensor, nothing is read before it is made, and whatever two
 * slices share is public or committed.
 * @throws Diagnostic `bad-run`, or `wrong-version` with the command that rebuilds the artifact.
 */
export function decodeRunDescription(bytes: Uint8Array): RunDescription {
  const fail: Fail = (what) => new Diagnostic('bad-run', `run.json: ${what}`);
  if (bytes.length > MAX_RUN_DESCRIPTION_BYTES) throw fail(`${bytes.length} bytes is more than it can have`);
  const kind = {
    file: 'run.json',
    format: 'zkmlc/run',
    version: ARTIFACT_VERSION,
    otherwise: 'not the description of a sliced model of zkmlc',
  };
  const top = document(bytes, kind, fail);
  const text = (name: string): string => string(top.get(name), name, fail);
  const description: RunDescription = {
    format: 'zkmlc/run',
    version: ARTIFACT_VERSION,
    model: text('model'),
    backend: text('backend'),
    proofSystem: oneOf(PROOF_SYSTEMS, text('proofSystem'), fail),
    slices: list(top.get('slices'), 'slices', MOST_SLICES, fail).map((s) => slice(record(s, fail), fail)),
    tensors: list(top.get('tensors'), 'tensors', MOST_TENSORS, fail).map((t) => tensor(record(t, fail), fail)),
  };
  if (Buffer.compare(Buffer.from(encodeRunDescription(description)), Buffer.from(bytes)) !== 0)
    throw fail('not in canonical form');
  checkEdges(description, fail);
  return description;
}

function list(value: unknown, name: string, most: number, fail: Fail): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw fail(`${name} is not a list of at most ${most}`);
  return value;
}

function indices(value: unknown, name: string, fail: Fail): readonly number[] {
  return list(value, name, MOST_TENSORS, fail).map((i) => whole(i, name, fail));
}

function texts(value: unknown, name: string, fail: Fail): readonly string[] {
  return list(value, name, MOST_TENSORS, fail).map((s) => string(s, name, fail));
}

function slice(s: ReadonlyMap<string, unknown>, fail: Fail): RunSlice {
  const [name, id, root] = ['name', 'id', 'root'].map((key) => string(s.get(key), key, fail));
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(id!)) throw fail(`${quote(id!)} is not the name of a slice's folder`);
  if (!/^[0-9a-f]{64}$/.test(root!)) throw fail(`slice ${quote(name!)} has no model root`);
  const macs = whole(s.get('macs'), 'macs', fail);
  if (macs < 0) throw fail(`slice ${quote(name!)} has a negative number of multiply-accumulates`);
  const [ports, nodes] = [indices(s.get('ports'), 'ports', fail), texts(s.get('nodes'), 'nodes', fail)];
  return { name: name!, id: id!, root: root!, macs, ports, nodes };
}

function tensor(t: ReadonlyMap<string, unknown>, fail: Fail): RunTensor {
  const name = string(t.get('name'), 'name', fail);
  const shape = indices(t.get('shape'), 'shape', fail);
  checkShape(shape, `tensor ${name}`);
  const [lo, hi] = [whole(t.get('lo'), 'lo', fail), whole(t.get('hi'), 'hi', fail)];
  if (lo > hi) throw fail(`tensor ${quote(name)} has an empty interval`);
  const scale = string(t.get('scale'), 'scale', fail);
  portScale({ scale });
  const [dtype, input] = ['dtype', 'input'].map((key) =>
    t.get(key) === undefined ? undefined : string(t.get(key), key, fail),
  );
  return {
    name,
    shape,
    lo,
    hi,
    scale,
    ...(dtype !== undefined && { dtype: oneOf(ELEMENT_TYPES, dtype, fail) }),
    visibility: oneOf(['public', 'private', 'committed'], string(t.get('visibility'), 'visibility', fail), fail),
    producer: whole(t.get('producer'), 'producer', fail),
    consumers: indices(t.get('consumers'), 'consumers', fail),
    ...(input !== undefined && { input }),
    outputs: texts(t.get('outputs'), 'outputs', fail),
  };
}

/** Whether slices and tensors are a chain that computes every output from the inputs. */
function checkEdges({ slices, tensors }: RunDescription, fail: Fail): void {
  if (slices.length === 0) throw fail('there are no slices');
  unique(
    slices.map((s) => s.name),
    'slice',
    fail,
  );
  unique(
    tensors.map((t) => t.name),
    'tensor',
    fail,
  );
  unique(
    tensors.flatMap((t) => (t.input === undefined ? [] : [t.input])),
    'input',
    fail,
  );
  unique(
    tensors.flatMap((t) => t.outputs),
    'output',
    fail,
  );
  if (!tensors.some((t) => t.outputs.length > 0)) throw fail('no tensor is an output of the model');
  const expected = slices.map((): number[] => []);
  for (const [i, { name, producer, consumers, input, visibility }] of tensors.entries()) {
    if (producer < -1 || producer >= slices.length) throw fail(`tensor ${quote(name)} is made by no slice`);
    if ((producer === -1) !== (input !== undefined))
      throw fail(`tensor ${quote(name)} is made by a slice if and only if it is no input of the model`);
    for (const [k, s] of consumers.entries())
      if (s >= slices.length || s <= (k === 0 ? producer : consumers[k - 1]!))
        throw fail(`tensor ${quote(name)} is read by a slice that is not there, twice, or before it is made`);
    const users = producer === -1 ? consumers : [producer, ...consumers];
    if (visibility === 'private' && users.length > 1)
      throw fail(`tensor ${quote(name)} is private although several slices share it: nothing would link them`);
    for (const s of users) expected[s]!.push(i);
  }
  for (const [s, { name, ports }] of slices.entries()) {
    const sorted = [...ports].sort((a, b) => a - b);
    if (sorted.length !== expected[s]!.length || sorted.some((t, i) => t !== expected[s]![i]))
      throw fail(`the ports of slice ${quote(name)} are not the tensors that it reads and makes`);
  }
}

function unique(names: readonly string[], what: string, fail: Fail): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw fail(`two are called ${what} ${quote(name)}`);
    seen.add(name);
  }
}
