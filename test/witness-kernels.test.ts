// Kernels of the witness against the plain loops: any letters, strides and storage, ends of the integers, whole circuits.
import { describe, expect, it } from 'vitest';
import { BN254, type Capabilities, KOALABEAR } from '../compiler/ir/circuit.ts';
import { type Contraction, contractStrided } from '../compiler/ir/contraction.ts';
import type { ContractionRanges } from '../compiler/ir/interpret/kernels.ts';
import { planCircuit, planWitness, wiresRead } from '../compiler/ir/interpret/plan.ts';
import { type Contract, runWitness, type WitnessOptions } from '../compiler/ir/interpret/witness.ts';
import { interval } from '../compiler/ir/interval.ts';
import { lowerModule } from '../compiler/ir/lower.ts';
import type { Sample } from '../compiler/ir/op.ts';
import type { RecordedWire } from '../compiler/ir/recorder.ts';
import { clampTable } from '../compiler/ir/table.ts';
import { type NumericArray, type Shape, sizeOf, type Tensor, tensor } from '../compiler/ir/tensor.ts';
import { type Strided, strided, type View, viewStrided } from '../compiler/ir/view.ts';
import { contractIntegers, extremesOf, multiplyIntegers, WITNESS_KERNELS } from '../runtime/witness-kernels/index.ts';
import { standardOps, standardRegistry } from '../stdlib/index.ts';
import { recordCircuit } from './kits/circuit-kit.ts';
import { integersOf, isIntegerSample, moduleOf, portsOf } from './kits/ops-kit.ts';
import { createRandom, type Random } from './kits/random.ts';
import { randomStrided, shuffled } from './readings/random-strided.ts';

const WIDEST: ContractionRanges = {
  a: interval(-(2n ** 15n), 2n ** 15n - 1n),
  b: interval(-(2n ** 15n), 2n ** 15n - 1n),
  out: interval(-(2n ** 31n), 2n ** 31n - 1n),
};

/** Storage types with the least and the greatest element that fit 16 bits. */
const STORAGE: readonly (readonly [(n: number) => NumericArray, number, number])[] = [
  [(n) => new Int8Array(n), -128, 127],
  [(n) => new Uint8Array(n), 0, 255],
  [(n) => new Int16Array(n), -32768, 32767],
  [(n) => new Uint16Array(n), 0, 32767],
  [(n) => new Int32Array(n), -32768, 32767],
  [(n) => new Float64Array(n), -32768, 32767],
];

/** Elements of 16 bits in storage of any type, often the ends of the type. */
function randomStorage(random: Random): (size: number) => NumericArray {
  const [make, lo, hi] = random.pick(STORAGE);
  return (size) => {
    const data = make(size);
    for (let e = 0; e < size; e++)
      data[e] = random.below(4) === 0 ? random.pick([lo, hi]) : lo + random.below(hi - lo + 1);
    return data;
  };
}

function randomContraction(random: Random): { readonly spec: Contraction; readonly a: Strided; readonly b: Strided } {
  const sizes = new Map<string, number>();
  const some = (names: string, most: number): string[] => {
    const chosen = [...names].slice(0, random.below(names.length + 1));
    for (const l of chosen) sizes.set(l, 1 + random.below(most));
    return chosen;
  };
  const [batch, rows, columns, summed] = [some('pq', 3), some('mn', 9), some('uv', 12), some('ijk', 6)];
  const [a, b, out] = [
    [...batch, ...rows, ...summed],
    [...batch, ...columns, ...summed],
    [...batch, ...rows, ...columns],
  ].map((names) => shuffled(random, names).join(''));
  const shapeOf = (names: string): number[] => [...names].map((l) => sizes.get(l)!);
  const spec = { a: a!, b: b!, out: out! };
  return {
    spec,
    a: randomStrided(random, shapeOf(spec.a), randomStorage(random)),
    b: randomStrided(random, shapeOf(spec.b), randomStorage(random)),
  };
}

/** Modulo 2^32. */
const wrapped = (t: { readonly shape: Shape; readonly data: ArrayLike<number> }): Tensor => ({
  shape: t.shape,
  data: Int32Array.from(t.data),
});

describe('contractions of integers', () => {
  it('are those of plain loops, modulo 2^32: any letters, views and storage', () => {
    const random = createRandom(5);
    for (let run = 0; run < 1500; run++) {
      const { spec, a, b } = randomContraction(random);
      const what = `${run}: ${spec.a}[${a.shape}], ${spec.b}[${b.shape}] -> ${spec.out}`;
      expect(multiplyIntegers(spec, a, b, WIDEST), what).toEqual(wrapped(contractStrided(spec, a, b)));
    }
  });

  const window = (axis: number, size: number, stride: number): View => ({
    kind: 'window',
    axis,
    size,
    stride,
    dilation: 1,
  });
  it.each<readonly [string, Contraction, Shape, readonly View[], Shape]>([
    ['several panels of columns', { a: 'mk', b: 'nk', out: 'mn' }, [5, 601], [], [470, 601]],
    ['several panels of columns, neighbours', { a: 'mk', b: 'kn', out: 'mn' }, [3, 700], [], [700, 430]],
    ['several panels of rows', { a: 'mk', b: 'kn', out: 'mn' }, [2300, 1025], [], [1025, 9]],
    ['a matrix and a vector', { a: 'mk', b: 'kn', out: 'mn' }, [1, 300], [], [300, 77]],
    [
      'a convolution',
      { a: 'ncxiyj', b: 'ocij', out: 'noxy' },
      [1, 3, 40, 45],
      [window(2, 3, 1), window(4, 3, 1)],
      [6, 3, 3, 3],
    ],
    [
      'a convolution with steps',
      { a: 'ncxiyj', b: 'ocij', out: 'noxy' },
      [2, 2, 31, 30],
      [window(2, 5, 2), window(4, 5, 2)],
      [7, 2, 5, 5],
    ],
    [
      'channels on their own',
      { a: 'ncxiyj', b: 'cij', out: 'ncxy' },
      [1, 5, 20, 20],
      [window(2, 3, 1), window(4, 3, 1)],
      [5, 3, 3],
    ],
  ])('are those of plain loops: %s', (_, spec, aShape, steps, bShape) => {
    const random = createRandom(9);
    const integers = (shape: Shape): Tensor => ({
      shape,
      data: Int16Array.from({ length: sizeOf(shape) }, () => random.below(511) - 255),
    });
    const [a, b] = [steps.reduce(viewStrided, strided(integers(aShape))), strided(integers(bShape))];
    expect(contractIntegers(spec, a, b, WIDEST)).toEqual(wrapped(contractStrided(spec, a, b)));
  });

  it.each<readonly [string, readonly number[], readonly number[], number]>([
    ['2^31 - 1', [32767, 32767, 32767, 1, 0], [32767, 32767, 4, 1, 7], 2 ** 31 - 1],
    ['-2^31', [-32768, -32768, -32768], [32767, 32767, 2], -(2 ** 31)],
    ['a partial sum of 2^31', [-32768, -32768, -1], [-32768, -32768, 1], 2 ** 31 - 1],
    [
      'a partial sum far beyond',
      Array(9).fill(-32768).concat(Array(8).fill(32767)),
      Array(17).fill(-32768),
      2 ** 30 + 8 * 2 ** 15,
    ],
    ['a single product of least elements', [-32768], [-32768], 2 ** 30],
  ])('are exact up to the ends of int32: %s', (_, x, y, expected) => {
    // Every row and every column is the same.
    const rows = tensor([5, x.length], Array.from({ length: 5 }, () => x).flat());
    const columns = tensor([9, y.length], Array.from({ length: 9 }, () => y).flat());
    const found = multiplyIntegers({ a: 'mk', b: 'nk', out: 'mn' }, strided(rows), strided(columns), WIDEST);
    expect(found).toEqual({ shape: [5, 9], data: new Int32Array(45).fill(expected) });
  });

  it('are left to others where elements or results may not fit, a letter is summed in one operand, or nothing is gained', () => {
    const [a, b] = [strided(tensor([16, 16], new Int8Array(256))), strided(tensor([16, 16], new Int8Array(256)))];
    const spec = { a: 'mk', b: 'nk', out: 'mn' };
    expect(contractIntegers(spec, a, b, WIDEST)).toBeDefined();
    for (const [name, range] of [
      ['a', interval(0, 2 ** 15)],
      ['b', interval(-(2 ** 15) - 1, 0)],
      ['out', interval(0, 2 ** 31)],
      ['out', interval(-(2 ** 31) - 1, 0)],
    ] as const)
      expect(multiplyIntegers(spec, a, b, { ...WIDEST, [name]: range })).toBeUndefined();
    expect(multiplyIntegers({ a: 'mk', b: 'nl', out: 'mn' }, a, b, WIDEST)).toBeUndefined();
    const small = strided(tensor([8, 8], new Int8Array(64)));
    expect(contractIntegers(spec, small, small, WIDEST)).toBeUndefined();
    expect(multiplyIntegers(spec, small, small, WIDEST)).toBeDefined();
  });

  it('over empty axes are zero', () => {
    const empty = (...shape: readonly number[]): Strided => strided(tensor(shape, []));
    const spec = { a: 'mk', b: 'nk', out: 'mn' };
    expect(multiplyIntegers(spec, empty(2, 0), empty(3, 0), WIDEST)).toEqual(tensor([2, 3], new Int32Array(6)));
    expect(multiplyIntegers(spec, empty(0, 2), strided(tensor([3, 2], new Int8Array(6))), WIDEST)).toEqual(
      tensor([0, 3], new Int32Array(0)),
    );
  });
});

describe('the least and the greatest element', () => {
  it.each([
    ['int8', (n: number) => new Int8Array(n)],
    ['uint8', (n: number) => new Uint8Array(n)],
    ['int16', (n: number) => new Int16Array(n)],
  ])('are found wherever they are: %s', (_, make) => {
    const random = createRandom(2);
    for (const n of [1024, 1025, 8191, 8192, 8193, 16400, 30000])
      for (const at of [0, 1, n - 1, n - 2, 8191, 8192, random.below(n), random.below(n)]) {
        const data = make(n).fill(5);
        data[Math.min(at, n - 1)] = 100;
        data[n - 1 - Math.min(at, n - 1)] = 3;
        expect(extremesOf(data)).toEqual([Math.min(...new Set(data)), Math.max(...new Set(data))]);
      }
    expect(extremesOf(make(2000))).toEqual([0, 0]);
  });

  it('reach the ends of int16', () => {
    const data = new Int16Array(5000);
    data[4321] = -32768;
    data[1234] = 32767;
    expect(extremesOf(data)).toEqual([-32768, 32767]);
  });

  it('are left to others for few elements and for wider types', () => {
    expect(extremesOf(new Int16Array(100))).toBeUndefined();
    for (const data of [new Uint16Array(5000), new Int32Array(5000), new Float64Array(5000)])
      expect(extremesOf(data)).toBeUndefined();
  });

  it('refuse weights outside their interval as plain loops do', () => {
    const c = recordCircuit(KOALABEAR, (b) => {
      const w = b.input('w', 'param', 'private', [3000], interval(-7, 7));
      b.output('y', 'public', b.sum(w as RecordedWire, [0]));
    });
    const weights = new Int8Array(3000).fill(7);
    const run = (options: WitnessOptions) => () => runWitness(c, new Map([['w', tensor([3000], weights)]]), options);
    expect(run(WITNESS_KERNELS)().outputs.get('y')!.data[0]).toBe(21000);
    weights[1777] = 8;
    for (const options of [{}, WITNESS_KERNELS]) expect(run(options)).toThrow('element 1777: 8');
    weights[1777] = -8;
    for (const options of [{}, WITNESS_KERNELS]) expect(run(options)).toThrow('element 1777: -8');
  });
});

describe('the witness of every operator is the same with the kernel', () => {
  let evaluated = 0;
  const contract: Contract = (...given) => {
    const found = multiplyIntegers(...given);
    if (found !== undefined) evaluated++;
    return found;
  };
  const compare = (name: string, sample: Sample, target: Capabilities): void => {
    const def = standardRegistry.get(name)!;
    const { module } = moduleOf(def, sample, standardRegistry, 'int', (b, operands) =>
      b.emit(name, operands, sample.attrs),
    );
    const random = createRandom(3);
    for (const weights of ['fixed', 'private'] as const) {
      const circuit = lowerModule(module, standardRegistry, target, { input: 'private', weights, output: 'public' });
      for (let variant = 0; variant < 6; variant++) {
        const ports = portsOf(circuit, module, integersOf(module, variant, random));
        const [plain, fast] = [{}, { contract }].map((options) =>
          runWitness(circuit, ports, { ...options, keepAll: true, checkRanges: true }),
        );
        for (const w of circuit.wires.keys()) expect(fast!.exact(w), `wire ${w}`).toEqual(plain!.exact(w));
      }
    }
  };
  for (const def of standardOps)
    for (const sample of def.samples.filter(isIntegerSample))
      it(`${def.name}, ${sample.name}`, () => {
        for (const target of [BN254, KOALABEAR]) compare(def.name, sample, target);
      });
  it('and it was used', () => {
    expect(evaluated).toBeGreaterThan(100);
  });
});

it('columns of a plan are filled from what the witness keeps', () => {
  const c = recordCircuit(KOALABEAR, (b) => {
    const x = b.input('x', 'input', 'private', [2, 3], interval(-4, 3));
    const w = b.input('w', 'param', 'private', [3, 2], interval(-4, 3));
    const product = b.contract({ a: 'mk', b: 'kn', out: 'mn' }, x, w);
    const table = clampTable(interval(-36, 48), interval(0, 7));
    b.output('y', 'public', b.lookup(table, product, 'clamp')[0] as RecordedWire);
  });
  const { run: plan } = planCircuit(c);
  const given = new Map([
    ['x', tensor([2, 3], [1, 2, 3, -4, -4, -4])],
    ['w', tensor([3, 2], [1, -1, 2, -2, 3, -4])],
  ]);
  const evaluations = (keep: ReadonlySet<number>): number => {
    let count = 0;
    const contract: Contract = () => {
      count++;
      return undefined;
    };
    const columns = planWitness(plan, runWitness(c, given, { contract, keep }));
    expect(columns).toEqual(planWitness(plan, runWitness(c, given)));
    return count;
  };
  expect(evaluations(wiresRead(plan))).toBe(1);
  expect(evaluations(new Set())).toBeGreaterThan(1);
});
