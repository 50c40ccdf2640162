// The operator kit itself: each kind of fault, planted in a small operator, is found.
import { expect, it } from 'vitest';
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { type AnyOp, defineOp, type OpDef, operatorRegistry } from '../../compiler/ir/op.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { floatType, intType } from '../../compiler/ir/types.ts';
import { shiftFloor } from '../../stdlib/gadgets/index.ts';
import {
  activationSamples,
  checkActivation,
  checkDeclaration,
  checkFloatSample,
  checkIntegerSample,
} from '../kits/ops-kit.ts';

const map = (t: Tensor, f: (x: number) => number): Tensor => ({ shape: t.shape, data: Float64Array.from(t.data, f) });

const halved: OpDef<Record<string, never>> = {
  name: 'halve',
  doc: 'Half of x, rounded down.',
  operands: ['x'],
  results: ['half'],
  attrs: {},
  quantization: { kind: 'exact', narrow: 'none' },
  infer: ([t]) => [t!.kind === 'int' ? intType(t!.shape, Math.floor(t!.lo / 2), Math.floor(t!.hi / 2)) : t!],
  evalFloat: ([x]) => [map(x!, (v) => v / 2)],
  evalInt: ([x]) => [map(x!, (v) => Math.floor(v / 2))],
  lower: (b, [x]) => [shiftFloor(b, x!, 1, 'halve')],
  expand: ([x], { emitter }) => emitter.emit('halve', [x!]),
  samples: [
    { name: 'int', operands: [intType([3], -9, 8)] },
    { name: 'real', operands: [floatType([3], 'f32', [-2, 2])] },
  ],
};

/** The operator with some of its parts replaced. */
const variant = (parts: Partial<typeof halved>): AnyOp => defineOp({ ...halved, ...parts });
const integer = (def: AnyOp) => checkIntegerSample(def, def.samples[0]!, operatorRegistry([def]));
const real = (def: AnyOp) => checkFloatSample(def, def.samples[1]!, operatorRegistry([def]));

it('accepts a correct operator and tries lies on it', () => {
  const def = variant({});
  checkDeclaration(def);
  expect(integer(def).lies).toBeGreaterThan(100);
  expect(real(def).runs).toBeGreaterThan(0);
});

it('finds a wrong integer meaning', () => {
  expect(() => integer(variant({ evalInt: ([x]) => [map(x!, (v) => Math.trunc(v / 2))] }))).toThrow(
    /halve, sample "int" \(seed 1\): output y0, element \d: -?\d+ instead of/,
  );
});

it('finds a result outside its inferred type, or of another shape', () => {
  expect(() => integer(variant({ infer: ([t]) => [intType(t!.shape, -4, 4)] }))).toThrow(/holds -5, inferred int<3/);
  expect(() => integer(variant({ infer: () => [intType([4], -5, 4)] }))).toThrow(/has shape \[3\], inferred/);
});

it('finds a circuit that accepts lies', () => {
  const unproved = (b: Builder, [x]: readonly Wire[]): readonly Wire[] => {
    const outs = [interval(-8, 7), interval(0, 7)].map((range) => ({ shape: x!.shape, range }));
    const [h, r] = b.hint({ kind: 'divmod', by: 2n }, [x!], outs, 'halve');
    b.assertZero(
      b.affine([
        [x!, 1n],
        [h!, -2n],
        [r!, -1n],
      ]),
      'identity',
    );
    return [h!];
  };
  expect(() => integer(variant({ lower: unproved }))).toThrow(/accepted a lie: halve#halve\/halve, site/);
});

it('finds a false lemma', () => {
  const trusting = (b: Builder, [x]: readonly Wire[]): readonly Wire[] => [
    b.deduce(shiftFloor(b, x!, 1, 's'), interval(-5, 3), 'max'),
  ];
  expect(() => integer(variant({ lower: trusting }))).toThrow(/lemma max/);
});

it('finds lowering that is not deterministic', () => {
  let calls = 0;
  const varying = (b: Builder, [x]: readonly Wire[]): readonly Wire[] => [shiftFloor(b, x!, 1, `s${calls++}`)];
  expect(() => integer(variant({ lower: varying }))).toThrow(/not deterministic/);
});

it('finds faults over the reals', () => {
  expect(() => real(variant({ evalFloat: ([x]) => [{ shape: [1], data: x!.data.slice(0, 1) }] }))).toThrow(/has shape/);
  const doubled = defineOp({ ...halved, name: 'double', evalFloat: ([x]) => [map(x!, (v) => v * 2)] });
  const composite = variant({ expand: ([x], { emitter }) => emitter.emit('double', [x!]) });
  expect(() => checkFloatSample(composite, composite.samples[1]!, operatorRegistry([composite, doubled]))).toThrow(
    /expansion, y0, element/,
  );
  const whole = variant({ infer: ([t]) => [floatType(t!.shape, 'i64')] });
  expect(() => real(whole)).toThrow(/is i64 but not whole/);
});

it('finds incomplete declarations', () => {
  const without = (key: 'evalInt' | 'lower'): AnyOp => {
    const { [key]: _, ...rest } = halved;
    return defineOp(rest);
  };
  expect(() => checkDeclaration(variant({ doc: ' ' }))).toThrow(/doc says nothing/);
  expect(() => checkDeclaration(variant({ samples: [] }))).toThrow(/no samples/);
  expect(() => checkDeclaration(variant({ samples: [halved.samples[1]!] }))).toThrow(/no sample with integer operands/);
  expect(() => checkDeclaration(without('lower'))).toThrow(/evalInt and lower belong together/);
  expect(() => checkDeclaration(without('evalInt'))).toThrow(/evalInt and lower belong together/);
  expect(() => checkDeclaration(variant({ name: 'Halve' }))).toThrow(/snake case/);
  expect(() => checkDeclaration(variant({ samples: [halved.samples[0]!, halved.samples[0]!] }))).toThrow(
    /share a name/,
  );
});

it('finds a table that is not correctly rounded', () => {
  const squash = (table: NonNullable<OpDef['activation']>['table']) =>
    variant({ activation: { params: () => [], real: (_, x) => x / 2, table } });
  const exact = (x: bigint, num: bigint, den: bigint): bigint => {
    const [n, d] = [2n * x * num + den, 2n * den];
    return n >= 0n ? n / d : -((-n + d - 1n) / d);
  };
  const right = squash((_, x, from, to) => exact(x, from.num * to.den, 2n * from.den * to.num));
  checkActivation(right);
  expect(activationSamples(right).length).toBe(4);
  expect(() => checkActivation(squash((_, x, from, to) => (x * from.num * to.den) / (2n * from.den * to.num)))).toThrow(
    /table at -?\d+ is/,
  );
});
