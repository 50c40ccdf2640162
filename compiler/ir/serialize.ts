// Circuits as bytes: what the prover's folder holds, read back with every index and size checked.
import type { Capabilities, Circuit, Instr, Port, Wire } from './circuit.ts';
import { contractionShape } from './contraction.ts';
import { Diagnostic } from './diagnostics.ts';
import { digest, tensorDigest } from './digest.ts';
import { type Hint, hintShapes } from './hint.ts';
import type { Interval } from './interval.ts';
import type { Table } from './table.ts';
import { checkShape, compact, type NumericArray, type Shape, sameShape, sizeOf, type Tensor } from './tensor.ts';
import { type View, viewShape } from './view.ts';

/** First bytes of the file and its version: older versions are refused. */
const MAGIC = 'ZKMLCIR1';

const ARRAYS = { i8: Int8Array, u8: Uint8Array, i16: Int16Array, i32: Int32Array, f64: Float64Array } as const;
type ArrayName = keyof typeof ARRAYS;

interface StoredTensor {
  readonly shape: Shape;
  readonly array: ArrayName;
  /** Offset in the data part (bytes, a multiple of 8). */
  readonly offset: number;
}

/**
 * The circuit as one file: magic, length of the JSON part (8 bytes, little-endian), JSON with integers as decimal
 * strings, padding to 8 bytes, then the data of constants and tables. The same circuit gives the same bytes everywhere.
 */
export function serializeCircuit(c: Circuit): Uint8Array {
  const blobs: Uint8Array[] = [];
  let length = 0;
  const store = (t: Tensor): StoredTensor => {
    const { data } = compact(t);
    const array = nameOf(data);
    const offset = length;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    blobs.push(bytes, new Uint8Array(padding(bytes.length)));
    length += bytes.length + padding(bytes.length);
    return { shape: t.shape, array, offset };
  };
  const json = {
    target: c.target,
    ports: c.ports,
    wires: c.wires,
    instrs: c.instrs,
    scope: [...c.scope],
    scopes: c.scopes,
    tables: [...c.tables.values()].map((t) => (t.kind === 'data' ? { ...t, columns: t.columns.map(store) } : t)),
    constants: [...c.constants].map(([key, t]) => ({ digest: key, ...store(t) })),
  };
  const text = Buffer.from(JSON.stringify(json, replacer), 'utf8');
  const head = Buffer.alloc(16);
  head.write(MAGIC, 'latin1');
  head.writeBigUInt64LE(BigInt(text.length), 8);
  return Buffer.concat([head, text, Buffer.alloc(padding(text.length)), ...blobs]);
}

const padding = (n: number): number => (8 - (n % 8)) % 8;

function nameOf(data: NumericArray): ArrayName {
  for (const [name, ArrayType] of Object.entries(ARRAYS)) if (data instanceof ArrayType) return name as ArrayName;
  throw new RangeError(`serialize: no encoding for ${data.constructor.name}`);
}

/** bigint -> {"$": "decimal"}, Int32Array -> {"#": [..]}. */
function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $: value.toString() };
  if (value instanceof Int32Array) return { '#': [...value] };
  return value;
}

function reviver(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$' in value && typeof value.$ === 'string' && /^-?\d{1,400}$/.test(value.$)) return BigInt(value.$);
  if ('#' in value && Array.isArray(value['#'])) return Int32Array.from(value['#'], Number);
  return value;
}

/** Digest that names a circuit: its bytes, and so every constraint, constant, table and port. */
export function circuitDigest(bytes: Uint8Array): string {
  return digest('zkmlc/circuit', bytes);
}

/**
 * Reads what {@link serializeCircuit} wrote and checks it: every wire defined once before its use, shapes as the
 * instructions imply, digests of constants and tables as stated.
 * @throws Diagnostic `bad-circuit` naming the first fault.
 */
export function deserializeCircuit(bytes: Uint8Array): Circuit {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (what: string): Diagnostic => new Diagnostic('bad-circuit', `${what}; compile the model again`);
  if (buffer.length < 16 || buffer.toString('latin1', 0, 8) !== MAGIC) throw fail(`not a circuit of format ${MAGIC}`);
  const length = Number(buffer.readBigUInt64LE(8));
  if (length > buffer.length - 16) throw fail(`the header claims ${length} bytes, more than the file has`);
  const base = 16 + length + padding(length);
  const load = (s: StoredTensor): Tensor => {
    checkShape(s.shape, 'circuit constant');
    const ArrayType = Object.hasOwn(ARRAYS, s.array) ? ARRAYS[s.array] : undefined;
    if (ArrayType === undefined) throw fail(`unknown array type ${String(s.array)}`);
    const size = sizeOf(s.shape) * ArrayType.BYTES_PER_ELEMENT;
    if (!Number.isSafeInteger(s.offset) || s.offset < 0 || s.offset % 8 !== 0 || base + s.offset + size > buffer.length)
      throw fail('a constant lies outside the file');
    // Copied, so that the array is aligned whatever the buffer's own offset is.
    return {
      shape: s.shape,
      data: new ArrayType(Uint8Array.from(buffer.subarray(base + s.offset, base + s.offset + size)).buffer),
    };
  };
  try {
    const json = JSON.parse(buffer.toString('utf8', 16, 16 + length), reviver) as {
      target: Capabilities;
      ports: Port[];
      wires: Wire[];
      instrs: Instr[];
      scope: number[];
      scopes: string[];
      tables: (Table & { columns?: StoredTensor[] })[];
      constants: (StoredTensor & { digest: string })[];
    };
    const circuit: Circuit = {
      target: json.target,
      ports: json.ports,
      wires: json.wires,
      instrs: json.instrs,
      scope: Int32Array.from(json.scope),
      scopes: json.scopes,
      tables: new Map(
        json.tables.map((t) => [
          t.digest,
          t.kind === 'data' ? { ...t, columns: (t.columns as unknown as StoredTensor[]).map(load) } : t,
        ]),
      ),
      constants: new Map(json.constants.map((s) => [s.digest, load(s)])),
    };
    checkCircuit(circuit);
    return circuit;
  } catch (e) {
    if (e instanceof Diagnostic) throw e.code === 'bad-circuit' ? e : fail(e.message);
    throw fail(`malformed circuit (${e instanceof Error ? e.message : 'unknown'})`);
  }
}

/** Structural checks on a circuit that was read from a file. */
function checkCircuit(c: Circuit): void {
  const fail = (what: string): Diagnostic => new Diagnostic('bad-circuit', what);
  if (c.scope.length !== c.instrs.length || c.scope.some((s) => c.scopes[s] === undefined))
    throw fail('scopes do not match the instructions');
  for (const [key, t] of c.constants)
    if (tensorDigest(t) !== key) throw fail(`constant ${key.slice(0, 16)} does not match its digest`);
  const isInterval = (r: Interval): boolean => typeof r.lo === 'bigint' && typeof r.hi === 'bigint' && r.lo <= r.hi;
  for (const w of c.wires) {
    checkShape(w.shape, 'wire');
    if (!isInterval(w.range)) throw fail('a wire has no interval');
  }
  const defined = new Set<number>();
  const use = (w: number): Shape => {
    if (!defined.has(w)) throw fail(`wire ${w} is used before it is defined`);
    return c.wires[w]!.shape;
  };
  const define = (w: number, shape: Shape | undefined): void => {
    const wire = c.wires[w];
    if (wire === undefined || defined.has(w)) throw fail(`wire ${w} is not declared or defined twice`);
    if (shape !== undefined && !sameShape(wire.shape, shape))
      throw fail(`wire ${w}: shape [${wire.shape.join(', ')}] where [${shape.join(', ')}] follows`);
    defined.add(w);
  };
  for (const i of c.instrs) checkInstr(c, i, use, define);
  for (const p of c.ports) use(p.wire);
}

function checkInstr(
  c: Circuit,
  i: Instr,
  use: (w: number) => Shape,
  define: (w: number, shape: Shape | undefined) => void,
): void {
  const fail = (what: string): Diagnostic => new Diagnostic('bad-circuit', what);
  switch (i.op) {
    case 'port':
      if (c.ports[i.port]?.wire !== i.out) throw fail(`port ${i.port} does not name wire ${i.out}`);
      define(i.out, undefined);
      return;
    case 'constant':
      define(i.out, c.constants.get(i.digest)?.shape ?? [-1]);
      return;
    case 'affine': {
      const shapes = i.in.map(use);
      if (i.k.length !== i.in.length || shapes.some((s) => !sameShape(s, shapes[0]!)))
        throw fail('an affine instruction has unlike operands');
      define(i.out, shapes[0]);
      return;
    }
    case 'view':
      define(
        i.out,
        i.steps.reduce<Shape>((s, v: View) => viewShape(v, s), use(i.in)),
      );
      return;
    case 'concat': {
      const shapes = i.in.map(use);
      const size = shapes.reduce((n, s) => n + s[i.axis]!, 0);
      define(
        i.out,
        shapes[0]!.map((d, axis) => (axis === i.axis ? size : d)),
      );
      return;
    }
    case 'sum':
      define(
        i.out,
        use(i.in).filter((_, axis) => !i.axes.includes(axis)),
      );
      return;
    case 'contract':
      define(i.out, contractionShape(i.spec, use(i.in[0]), use(i.in[1])));
      return;
    case 'gather':
      define(i.out, [...use(i.in[1]), ...use(i.in[0]).slice(1)]);
      return;
    case 'lookup': {
      const shape = use(i.in);
      if (!c.tables.has(i.table)) throw fail(`table ${i.table} is missing`);
      for (const w of i.out) define(w, shape);
      return;
    }
    case 'hint': {
      const shapes = hintShapes(i.hint as Hint, i.in.map(use));
      if (shapes.length !== i.out.length) throw fail('a hint has the wrong number of outputs');
      for (const [j, w] of i.out.entries()) define(w, shapes[j]);
      return;
    }
    case 'range':
    case 'deduce':
      define(i.out, use(i.in));
      return;
    case 'zero':
      use(i.in);
      return;
    default:
      throw fail('unknown instruction');
  }
}
