// Times the native prover's kernels: npx tsx bench/kernels.ts. Prints a table with the rates that the design counts on, then JSON.
//
// Processor time of this process, not elapsed time, because machines are shared; the median of the samples.
import { cpus } from 'node:os';
import { commit } from '../runtime/provers/plonk/commitment.ts';
import { EXT, type Ext, P } from '../runtime/provers/plonk/field.ts';
import { proveFractions } from '../runtime/provers/plonk/fraction-trees.ts';
import { extensionCode, fieldCode, shoupFactor } from '../runtime/provers/plonk/kernels/field-code.ts';
import { wasmVectors } from '../runtime/provers/plonk/kernels/wasm-vectors.ts';
import { proverChannel } from '../runtime/provers/plonk/transcript.ts';
import type { Vectors } from '../runtime/provers/plonk/vectors.ts';
import { createModule, i32 } from '../runtime/provers/wasm/emitter.ts';
import { v128 } from '../runtime/provers/wasm/simd.ts';
import { compileModule, createSharedMemory, instantiateModule } from '../runtime/provers/wasm/webassembly.ts';
import { defineWritten } from '../runtime/provers/wasm/writer.ts';
import { createRandom } from '../test/kits/random.ts';

interface Row {
  readonly kernel: string;
  readonly per: string;
  readonly nanoseconds: number;
  /** Rate of the design document on another machine (Zen 5), where it has one. */
  readonly expected?: number;
}

const rows: Row[] = [];
const random = createRandom(1);
const v = wasmVectors();

function processorTime(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

/** Adds a row: the median time of `work` divided by `count`. Memory allocated by the work is given back. */
function measure(kernel: string, per: string, count: number, work: () => void, expected?: number): void {
  const once = (): void => {
    const mark = v.mark();
    work();
    v.release(mark);
  };
  const repeated = (times: number) => (): void => {
    for (let i = 0; i < times; i++) once();
  };
  const warm = performance.now();
  while (performance.now() - warm < 150) once();
  const single = Math.max(1, processorTime(repeated(3)) / 3);
  const times = Math.max(1, Math.ceil(4000 / single));
  const samples = Array.from({ length: 15 }, () => processorTime(repeated(times)) / times).sort((a, b) => a - b);
  const nanoseconds = (1000 * samples[7]!) / count;
  rows.push({ kernel, per, nanoseconds, ...(expected === undefined ? {} : { expected }) });
}

function vector(count: number, into: Vectors = v): Uint32Array {
  const out = into.alloc(count);
  for (let i = 0; i < count; i++) out[i] = random.below(P);
  return out;
}

const element = (): Ext => [random.below(P), random.below(P), random.below(P), random.below(P)];

/** Macros on their own, over 2048 words or 512 elements in the first cache; repeated inside the kernel. */
function measureMacros(): void {
  const words = 2048;
  const repetitions = 100;
  const module = createModule();
  const overWords = (name: string, body: Parameters<typeof defineWritten>[3]): void => {
    defineWritten(module, name, 3, body);
  };
  for (const name of ['montgomery', 'shoup', 'add', 'extension'] as const)
    overWords(name, (w, a, b, times) => {
      const code = extensionCode(w);
      const base = fieldCode(w);
      const round = w.variable(i32.const(0));
      w.range(round, times!, 1, () => {
        const at = w.variable(i32.const(0));
        w.range(at, i32.const(4 * words), 16, () => {
          const place = w.let(i32.add(a!, at.get));
          const [x, y] = [w.let(v128.load(place)), w.let(v128.load(i32.add(b!, at.get)))];
          const results = {
            montgomery: () => base.montgomery(x, y),
            shoup: () => base.shoup(x, shoupFactor(123456789)),
            add: () => base.add(x, y),
            extension: () => code.multiply(x, code.arrange(y)),
          };
          w.emit(v128.store(place, results[name]()));
        });
      });
    });
  const memory = createSharedMemory(16, 65536);
  const run = instantiateModule(compileModule(module.finish({ maximumPages: 65536 })), memory);
  const [a, b] = [65536, 131072];
  const fill = (): void => {
    for (const at of [a, b])
      new Uint32Array(memory.buffer, at, words).set(Array.from({ length: words }, () => random.below(P)));
  };
  for (const [name, per, count, expected] of [
    ['montgomery', 'word', words, 0.35],
    ['shoup', 'word', words, 0.21],
    ['add', 'word', words, 0.105],
    ['extension', 'element', words / EXT, 3.35],
  ] as const) {
    fill();
    const kernel = run(name);
    measure(
      `${name} product in cache`.replace('add product', 'sum'),
      per,
      count * repetitions,
      () => kernel(a, b, repetitions),
      expected,
    );
  }
}

function measureVectors(): void {
  for (const log of [12, 16]) {
    const n = 2 ** log;
    const mark = v.mark();
    const [a, b] = [vector(EXT * n), vector(EXT * n)];
    const [base, weights, z] = [vector(n), vector(EXT * 64), element()];
    const point = Array.from({ length: log }, element);
    const at = `2^${log}`;
    measure(`eq ${at}`, 'element', n, () => v.eq(point, z));
    measure(`fold ${at}`, 'result', n / 2, () => v.foldInPlace(a, z));
    measure(`inner products of 64 base words ${at}`, 'word', n, () => v.dotPieces(base, weights));
    measure(`inner product ${at}`, 'element', n, () => v.dot(a, b));
    measure(`inner product, base ${at}`, 'element', n, () => v.dotBase(a, base));
    measure(`add multiple ${at}`, 'element', n, () => v.addScaled(a, b, z));
    measure(`add multiple, base ${at}`, 'element', n, () => v.addScaledBase(a, base, z));
    measure(`product round ${at}`, 'pair', n / 2, () => v.productRound(a, b));
    measure(`product sumcheck ${at}, whole`, 'element', n, () => wholeSumcheck(a, b, z));
    measure(`fraction layer ${at}`, 'result', n / 2, () => v.fractionLayer(a, b));
    const quarter = a.subarray(0, EXT * (n / 4));
    measure(`fraction round ${at}`, 'point', n / 4, () => v.fractionStart(quarter, a, b, z));
    measure(`fraction fold and round ${at}`, 'point', n / 8, () => v.fractionStep(quarter, a, b, z));
    v.release(mark);
  }
}

function wholeSumcheck(a: Uint32Array, b: Uint32Array, z: Ext): void {
  v.productRound(a, b);
  for (let n = a.length; n > 2 * EXT; n /= 2) v.productStep(a.subarray(0, n), b.subarray(0, n), z);
}

/** Elapsed time, not processor time: what a second thread gains is to be seen. */
function measureFractions(): void {
  for (const threads of [1, 2]) {
    const vectors = wasmVectors({ threads });
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (vectors.present() < threads) Atomics.wait(sleeper, 0, 0, 5);
    for (const variables of [14, 17, 20]) {
      const [p, q] = [vector(2 ** variables, vectors), vector(EXT * 2 ** variables, vectors)];
      const leaves = () => {
        const own = { p: vectors.alloc(p.length), q: vectors.alloc(q.length) };
        own.p.set(p);
        own.q.set(q);
        return own;
      };
      const timed = Array.from({ length: 19 }, () => {
        const channel = proverChannel('bench');
        channel.chain(1);
        const start = performance.now();
        proveFractions(vectors, channel, { variables, leaves });
        return performance.now() - start;
      });
      // The first ones compile what they run.
      const samples = timed.slice(4).sort((a, b) => a - b);
      const expected = { 14: 42, 17: 55, 20: 75 }[variables];
      const kernel = `fractions 2^${variables}, threads: ${threads}, elapsed`;
      const nanoseconds = (1e6 * samples[7]!) / 2 ** variables;
      rows.push({ kernel, per: 'leaf', nanoseconds, ...(expected === undefined ? {} : { expected }) });
    }
    vectors.close();
  }
}

function measureCommitments(): void {
  for (const [width, logMessage, logCode, encodes, commits] of [
    [64, 10, 12, undefined, 24.6],
    [64, 14, 14, 2.95, undefined],
    [64, 14, 15, undefined, 11.8],
    [64, 14, 16, undefined, 24.6],
  ] as const) {
    const mark = v.mark();
    const columns = vector(width * 2 ** logMessage);
    const shape = `${width} x 2^${logMessage} to 2^${logCode}`;
    measure(`encode ${shape}`, 'word in', columns.length, () => v.encode(columns, logMessage, logCode), encodes);
    measure(
      `commit ${shape}`,
      'word in',
      columns.length,
      () => commit(v, 'bench', columns, { logMessage, logCode }),
      commits,
    );
    v.release(mark);
  }
  const key = new Uint8Array(32).fill(5);
  const nodes = v.hashRows(vector(2 ** 14), 1, key);
  measure('BLAKE3 of 64 bytes, four at once', 'hash', 2 ** 13, () => v.hashPairs(nodes, key, 1), 34);
}

measureMacros();
measureVectors();
measureFractions();
measureCommitments();
console.log(`${cpus()[0]?.model}, Node ${process.versions.node}; ns of processor time, median`);
for (const { kernel, per, nanoseconds, expected } of rows)
  console.log(
    kernel.padEnd(44),
    `${nanoseconds.toFixed(nanoseconds < 10 ? 2 : 1).padStart(8)} per ${per}`.padEnd(24),
    expected === undefined ? '' : `design ${expected} (x${(nanoseconds / expected).toFixed(2)})`,
  );
console.log(JSON.stringify({ node: process.versions.node, processor: cpus()[0]?.model, rows }));
