// Passes and their manager: verification after every pass, pipelines as text, bounds of folding and expansion.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateModule } from '../compiler/ir/evaluate.ts';
import type { Attrs, Module, Value } from '../compiler/ir/module.ts';
import { createModuleBuilder } from '../compiler/ir/module-builder.ts';
import { type AnyOp, defineOp, type OpRegistry, operatorRegistry } from '../compiler/ir/op.ts';
import { type AnyPass, definePass, passRegistry, runPipeline } from '../compiler/ir/pass.ts';
import { parsePipeline } from '../compiler/ir/pipeline-text.ts';
import { sameModule } from '../compiler/ir/same-module.ts';
import { sameTensor, sizeOf, type Tensor, tensor } from '../compiler/ir/tensor.ts';
import { floatType } from '../compiler/ir/types.ts';
import { canonicalize, canonicalizeModule } from '../compiler/passes/canonicalize.ts';
import { deadCode } from '../compiler/passes/dead-code.ts';
import { foldConstants, foldConstantsModule } from '../compiler/passes/fold-constants.ts';
import { standardPasses } from '../compiler/passes/index.ts';
import { standardOps } from '../stdlib/ops/index.ts';
import { anyModule } from './random-modules.ts';
import { thrown } from './thrown.ts';
import { toyAttributes, toyOperators, toySum, toyTwins } from './toy-operators.ts';

const real = floatType([2]);

function oneSum(): Module {
  const b = createModuleBuilder('m', 'float', toyOperators);
  const x = b.input('x', real);
  b.output('y', b.emitAt({ node: 'n', index: 0 }, 'toy_sum', [x, x])[0]!);
  return b.finish();
}

function pass(name: string, run: AnyPass['run'], more: Partial<AnyPass> = {}): AnyPass {
  return { name, doc: 'For tests.', options: {}, needs: 'any', gives: 'same', run, ...more };
}

describe('the manager', () => {
  const cx = { ops: toyOperators };

  test('verifies the module before the first pass and after every one, and names the pass', () => {
    const breaks = pass('breaks', (m) => ({ ...m, operations: [] }));
    const later = pass('later', () => expect.unreachable('the module was broken before'));
    const e = thrown(() => runPipeline(oneSum(), [{ pass: breaks }, { pass: later }], cx));
    expect(e.code).toBe('undefined-value');
    expect(e.message).toMatch(/^after pass breaks: /);
    const broken = { ...oneSum(), operations: [] };
    expect(thrown(() => runPipeline(broken, [{ pass: later }], cx)).message).not.toMatch(/pass/);
  });

  test('refuses pipelines whose stages do not fit, before anything runs', () => {
    const never = pass('never', () => expect.unreachable('nothing may run'));
    const quantizes = pass('quantizes', (m) => m, { needs: 'float', gives: 'int' });
    const steps = [{ pass: never }, { pass: quantizes }, { pass: quantizes }];
    expect(thrown(() => runPipeline(oneSum(), steps, cx))).toMatchObject({ code: 'wrong-stage', kind: 'usage' });
    const lies = thrown(() => runPipeline(oneSum(), [{ pass: quantizes }], cx));
    expect(lies.message).toContain('promises stage int but gave float');
  });

  test('fills in options and refuses bad ones before anything runs', () => {
    const seen: Attrs[] = [];
    const options = { bits: { kind: 'int', doc: 'width', default: 8 } } as const;
    const takes = definePass({
      name: 'takes',
      doc: 'For tests.',
      options,
      needs: 'any',
      gives: 'same',
      run(m, o) {
        seen.push({ ...o });
        return m;
      },
    });
    const m = oneSum();
    expect(runPipeline(m, [{ pass: takes }, { pass: takes, options: { bits: 4 } }], cx)).toBe(m);
    expect(seen).toEqual([{ bits: 8 }, { bits: 4 }]);
    const bad = thrown(() => runPipeline(m, [{ pass: takes }, { pass: takes, options: { bit: 4 } }], cx));
    expect(bad.message).toBe('pass takes has no attribute bit; known: bits');
    expect(seen).toHaveLength(2);
  });

  test('a name that two providers use is refused naming both', () => {
    const provider = (owner: string) => ({ owner, passes: [pass('twice', (m) => m)] });
    const e = thrown(() => passRegistry([provider('zkmlc'), provider('acme-plugin')]));
    expect(e.code).toBe('duplicate-pass');
    expect(e.message).toContain('"zkmlc"');
    expect(e.message).toContain('"acme-plugin"');
  });
});

describe('pipelines as text', () => {
  const options = {
    bits: { kind: 'int', doc: 'width', default: 8 },
    mode: { kind: 'string', doc: 'mode', default: '' },
    keep: { kind: 'bool', doc: 'flag', default: false },
    'max-size': { kind: 'float', doc: 'limit', default: 1 },
    axes: { kind: 'ints', doc: 'axes', default: [] },
    names: { kind: 'strings', doc: 'names', default: [] },
  } as const;
  const passes = passRegistry([
    { owner: 'test', passes: [pass('plain', (m) => m), pass('rich', (m) => m, { options })] },
  ]);
  const read = (text: string) => parsePipeline(text, passes).map((s) => [s.pass.name, s.options]);

  test('options are read by their schema', () => {
    expect(read('plain')).toEqual([['plain', {}]]);
    expect(read(' plain , rich{} ,plain')).toEqual([
      ['plain', {}],
      ['rich', {}],
      ['plain', {}],
    ]);
    expect(read('rich{bits=4,mode=8, keep = true,max-size=-1e-3,axes=[1, 2],names=[a,"b, \\"c\\""]}')).toEqual([
      ['rich', { bits: 4, mode: '8', keep: true, 'max-size': -0.001, axes: [1, 2], names: ['a', 'b, "c"'] }],
    ]);
    expect(read('rich{axes=[]},rich{mode=""}')).toEqual([
      ['rich', { axes: [] }],
      ['rich', { mode: '' }],
    ]);
  });

  test.each([
    ['', /expected the name of a pass, got the end \(character 1 /],
    ['plain,', /expected the name of a pass, got the end \(character 7 /],
    ['plain plain', /expected , or the end, got "plain" \(character 7 /],
    ['none', /no pass is called "none"; known: plain, rich/],
    ['toString', /no pass is called/],
    ['plain{bits=1}', /pass plain has no option "bits"; known: none/],
    ['rich{bit=1}', /pass rich has no option "bit"; known: bits, mode/],
    ['rich{constructor=1}', /has no option "constructor"/],
    ['rich{bits=x}', /option bits expects a number, got "x"/],
    ['rich{bits=9007199254740993}', /option bits expects a number/],
    ['rich{bits=0x10}', /option bits expects a number, got "0x10"/],
    ['rich{keep=1}', /option keep expects true or false, got "1"/],
    ['rich{bits}', /expected = after option bits/],
    ['rich{bits=1,bits=2}', /option bits of pass rich is given twice/],
    ['rich{bits=1', /expected , or }, got the end/],
    ['rich{axes=1}', /expected \[ because option axes is a list/],
    ['rich{axes=[1}', /expected , or \]/],
    ['rich{mode="a}', /expected a value for option mode/],
    ['x'.repeat(70_000), /at most 65536 characters/],
  ])('%s', (text, message) => {
    const e = thrown(() => read(text));
    expect(e.message).toMatch(message);
    expect(e.kind).toBe('usage');
  });
});

/** Random inputs of a module. */
function inputsOf(m: Module): Map<string, Tensor> {
  const fill = (v: Value, seed: number): Tensor =>
    tensor(
      v.type.shape,
      Array.from({ length: sizeOf(v.type.shape) }, (_, i) => (i * 7 + seed * 3) % 11),
    );
  return new Map(m.inputs.map((v, i) => [v.name, fill(v, i)]));
}

function sameMeaning(before: Module, after: Module, ops: OpRegistry): boolean {
  const inputs = inputsOf(before);
  const [a, b] = [before, after].map((m) => evaluateModule(m, ops, inputs));
  return [...a!].every(([name, t]) => sameTensor(t, b!.get(name)!));
}

describe('canonicalize, fold-constants and dead-code', () => {
  const steps = [canonicalize, foldConstants, deadCode].map((p) => ({ pass: p }));

  test('keep the meaning, the ports and validity; a second run changes nothing', () => {
    fc.assert(
      fc.property(anyModule, (m) => {
        const after = runPipeline(m, steps, { ops: toyOperators });
        expect(after.inputs.map((v) => v.name)).toEqual(m.inputs.map((v) => v.name));
        expect(after.outputs.map((o) => o.name)).toEqual(m.outputs.map((o) => o.name));
        expect(sameMeaning(m, after, toyOperators)).toBe(true);
        expect(sameModule(runPipeline(after, steps, { ops: toyOperators }), after)).toBe(true);
        const read = new Set([...after.operations.flatMap((o) => o.operands), ...after.outputs.map((o) => o.value)]);
        for (const o of after.operations) expect(o.operands.every((v) => after.constants.has(v))).toBe(false);
        for (const o of after.operations) expect(o.results.some((v) => read.has(v))).toBe(true);
        for (const v of after.constants.keys()) expect(read.has(v)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('chains of views of any length become at most one of each kind', () => {
    const ops = operatorRegistry(standardOps);
    const perms = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    const step = fc.oneof(
      fc.constantFrom(...perms).map((perm) => ['transpose', { perm }] as const),
      fc.constantFrom([2, 3, 4], [4, 3, 2], [6, 2, 2], [24, 1, 1]).map((shape) => ['reshape', { shape }] as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (chain) => {
        const b = createModuleBuilder('m', 'float', ops);
        let v = b.input('x', floatType([2, 3, 4]));
        for (const [op, attrs] of chain) v = b.emit(op, [v], attrs)[0]!;
        b.output('y', v);
        const m = b.finish();
        const after = runPipeline(m, [{ pass: canonicalize }, { pass: deadCode }], { ops });
        expect(sameMeaning(m, after, ops)).toBe(true);
        const names = after.operations.map((o) => o.op);
        for (const [i, name] of names.entries()) expect(name).not.toBe(names[i + 1]);
      }),
    );
  });
});

/** A composite operator that expands to uses of `of`. */
function composite(name: string, of: readonly string[]): AnyOp {
  return defineOp({
    name,
    doc: 'For tests.',
    operands: ['x'],
    results: ['y'],
    attrs: {},
    quantization: { kind: 'none' },
    infer: ([x]) => [{ ...x! }],
    expand: ([x], { emitter }) => [of.reduce((v, op) => emitter.emit(op, [v])[0]!, x!)],
    samples: [],
  });
}

describe('expansion', () => {
  const build = (ops: OpRegistry, op: string): Module => {
    const b = createModuleBuilder('m', 'float', ops);
    const x = b.input('x', real);
    b.output(
      'y',
      b.emitAt({ node: 'top', index: 0 }, op, [x], {}, [{ name: 'y', type: floatType([2], 'f32', [0, 1]) }])[0]!,
    );
    return b.finish();
  };

  test('composites of composites expand; the result keeps name and range, the parts the location', () => {
    const ops = operatorRegistry([
      toySum,
      toyTwins,
      toyAttributes,
      composite('outer', ['inner', 'inner']),
      composite('inner', ['toy_sum', 'toy_sum']),
    ]);
    const m = canonicalizeModule(build(ops, 'outer'), ops);
    expect(m.operations.map((o) => o.op)).toEqual(['toy_sum', 'toy_sum', 'toy_sum', 'toy_sum']);
    expect(m.operations.every((o) => o.loc.node === 'top')).toBe(true);
    expect(m.outputs[0]!.value).toEqual({ name: 'y', type: floatType([2], 'f32', [0, 1]) });
  });

  test('one that gives back its operand leaves the input its name', () => {
    const ops = operatorRegistry([toySum, composite('nothing', [])]);
    const m = canonicalizeModule(build(ops, 'nothing'), ops);
    expect(m.operations).toEqual([]);
    expect(m.outputs[0]!.value).toBe(m.inputs[0]);
    expect(m.inputs[0]!.name).toBe('x');
  });

  test('endless and exploding expansions are refused, naming the node', () => {
    const endless = operatorRegistry([composite('ouroboros', ['ouroboros'])]);
    const e = thrown(() => canonicalizeModule(build(endless, 'ouroboros'), endless));
    expect(e).toMatchObject({ code: 'endless-expansion', where: { node: 'top' } });
    const doubling = Array.from({ length: 60 }, (_, i) => composite(`level${i}`, [`level${i + 1}`, `level${i + 1}`]));
    const bomb = operatorRegistry([...doubling, composite('level60', [])]);
    expect(thrown(() => canonicalizeModule(build(bomb, 'level0'), bomb)).code).toBe('endless-expansion');
  });

  test('an expansion of another type is refused', () => {
    const wrong = defineOp({
      ...composite('wrong', []),
      expand: (_operands, { emitter }) => [emitter.constant(tensor([1], [0]))],
    });
    const ops = operatorRegistry([wrong]);
    expect(thrown(() => canonicalizeModule(build(ops, 'wrong'), ops))).toMatchObject({
      code: 'bad-expansion',
      where: { node: 'top' },
    });
  });
});

describe('folding is bounded', () => {
  const ops = operatorRegistry(standardOps);

  test('forty doublings of a constant end with the node that is too much, before memory is spent', () => {
    const b = createModuleBuilder('m', 'float', ops);
    let v = b.constant(tensor([1], [1]));
    const before = process.memoryUsage().arrayBuffers;
    const grow = (): Module => {
      for (let i = 0; i < 40; i++)
        [v] = b.emitAt({ node: `concat${i}`, index: i }, 'concat', [v, v], { axis: 0 }) as [Value];
      b.output('y', v);
      return foldConstantsModule(b.finish(), ops, 2 ** 20);
    };
    const e = thrown(grow);
    expect(['too-much-folding', 'tensor-too-large']).toContain(e.code);
    expect(e.where.node).toMatch(/^concat/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 27);
  });

  test('eighteen doublings fit in the type system and are stopped by the budget', () => {
    const b = createModuleBuilder('m', 'float', ops);
    let v = b.constant(tensor([1], [1]));
    for (let i = 0; i < 18; i++) v = b.emitAt({ node: `concat${i}`, index: i }, 'concat', [v, v], { axis: 0 })[0]!;
    b.output('y', v);
    const m = b.finish();
    const folded = foldConstantsModule(m, ops, 2 ** 19);
    expect(folded.operations).toEqual([]);
    expect(thrown(() => foldConstantsModule(m, ops, 2 ** 18))).toMatchObject({
      code: 'too-much-folding',
      where: { node: 'concat17' },
    });
  });
});

test('every pass states what it does', () => {
  for (const p of standardPasses) {
    expect(p.doc.length, p.name).toBeGreaterThan(20);
    expect(p.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    for (const [name, spec] of Object.entries(p.options))
      expect(spec.doc.length, `${p.name} ${name}`).toBeGreaterThan(5);
  }
});
