// The textual form: printing and reading are inverse, hostile names survive, errors name line and column.
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importModel } from '../compiler/frontend/import.ts';
import { readModelFile } from '../compiler/frontend/onnx/read-model.ts';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { tensorDigest } from '../compiler/ir/digest.ts';
import type { Module } from '../compiler/ir/module.ts';
import { createModuleBuilder } from '../compiler/ir/module-builder.ts';
import { operatorRegistry } from '../compiler/ir/op.ts';
import { sameModule } from '../compiler/ir/same-module.ts';
import { tensor } from '../compiler/ir/tensor.ts';
import { parseModule, printModule } from '../compiler/ir/text/index.ts';
import { quoteString, unquoteString } from '../compiler/ir/text/strings.ts';
import { floatType } from '../compiler/ir/types.ts';
import { verifyModule } from '../compiler/ir/verify.ts';
import { quantizeModel } from '../compiler/pipeline.ts';
import { standardOps } from '../stdlib/ops/index.ts';
import { anyModule, anyName } from './random-modules.ts';
import { toyOperators } from './toy-operators.ts';

const parse = (text: string): Module => parseModule(text, toyOperators, { file: 'm.zk' });

/** Faults of a text as `line:column code`. */
function faults(text: string): string[] {
  try {
    parse(text);
  } catch (e) {
    if (!(e instanceof Diagnostic)) throw e;
    expect(e.where.file).toBe('m.zk');
    return [e, ...e.others].map((d) => `${d.where.line}:${d.where.column} ${d.code}`);
  }
  return [];
}

function message(text: string): string {
  try {
    parse(text);
  } catch (e) {
    if (e instanceof Diagnostic) return e.message;
    throw e;
  }
  return '';
}

/** A module with the body given, whose input is `%x: f32<2>`. */
const withBody = (body: string): string =>
  `module @m {stage = "float"} {\n  graph(%x: f32<2>) {\n${body}\n    return %x as "y"\n  }\n}\n`;

describe('round trip', () => {
  test('reading what was printed gives the same module; printing what was read gives the same text', () => {
    fc.assert(
      fc.property(anyModule, (m) => {
        verifyModule(m, toyOperators);
        const text = printModule(m);
        const back = parse(text);
        expect(sameModule(m, back), text).toBe(true);
        expect(printModule(back)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test('every string survives quoting, on one line of printable characters', () => {
    fc.assert(
      fc.property(fc.oneof(anyName, fc.string({ unit: 'binary' })), (s) => {
        const quoted = quoteString(s);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested.
        expect(quoted).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e\u2028]/);
        expect(unquoteString(quoted)).toBe(s);
      }),
    );
  });

  test('a thousand values of one name stay apart', () => {
    const b = createModuleBuilder('m', 'float', toyOperators);
    let v = b.input('x', floatType([2]));
    for (let i = 0; i < 1000; i++) v = b.emitAt({ node: 'n', index: i }, 'toy_sum', [v], {}, [v])[0]!;
    b.output('y', v);
    const m = b.finish();
    expect(sameModule(m, parse(printModule(m)))).toBe(true);
  });

  test('the form is the documented one', () => {
    const text = `module @mlp {stage = "int"} {
  graph(%x: int<2, [-128, 127], 2^-7>, %b "b//c": int<[0, 1], 1/3>) {
    %w = constant dense [1, -2] : int<2, [-2, 1], 2^-7>
    %0 = toy_sum(%x, %w) : int<2, [-130, 128], 2^-7> loc("/fc1/Add" #0)
    %l, %r "r r" = toy_twins(%0) : int<2, [-130, 128], 2^-7>, int<2, [-130, 128], 2^-7>
    return %l as "out", %l as "again"
  }
}
`;
    const odd = text.replace('%b "b//c"', '%b_c "b//c"').replace('%r "r r"', '%r_r "r r"');
    expect(printModule(parse(text))).toBe(odd.replace('%b_c', '%b/c'));
  });

  test('sameModule sees every part', () => {
    const base = withBody(
      '    %a = toy_attributes(%x) {slope = 0} : f32<2, [0, 1]> loc("n" #1)\n    %k = constant dense [0, 1] : f32<2>\n    %s = toy_sum(%a, %k) : f32<2>',
    );
    const m = parse(base);
    for (const [from, to] of [
      ['@m', '@n'],
      ['slope = 0', 'slope = -0'],
      ['[0, 1]>', '[0, 2]>'],
      ['[0, 1]>', '[0, 1], integral>'],
      ['"n" #1', '"n" #2'],
      ['"n" #1', '"o" #1'],
      ['dense [0, 1]', 'dense [-0, 1]'],
      ['toy_sum(%a, %k)', 'toy_sum(%k, %a)'],
      ['%k)', '%x)'],
      ['as "y"', 'as "z"'],
      ['return %x', 'return %s'],
      ['%x:', '%x "q":'],
    ] as const) {
      expect(base).toContain(from);
      expect(sameModule(m, parse(base.replace(from, to))), `${from} -> ${to}`).toBe(false);
    }
    expect(sameModule(m, parse(base))).toBe(true);
  });
});

describe('standard operators', () => {
  const ops = operatorRegistry(standardOps);
  const samples = standardOps.flatMap((op) => op.samples.map((sample) => ({ op, sample })));

  test.each(samples)('$op.name: $sample.name', ({ op, sample }) => {
    const stage = sample.operands.some((t) => t.kind === 'int') ? 'int' : 'float';
    const b = createModuleBuilder(op.name, stage, ops);
    const operands = sample.operands.map((type, i) => {
      const t = sample.constants?.get(i);
      return t === undefined ? b.input(`x${i}`, type) : b.constantOfType(`c${i}`, t, type);
    });
    const results = b.emitAt({ node: sample.name, index: 0 }, op.name, operands, sample.attrs);
    for (const [i, v] of results.entries()) b.output(`y${i}`, v);
    const m = b.finish();
    verifyModule(m, ops);
    const text = printModule(m);
    expect(sameModule(m, parseModule(text, ops)), text).toBe(true);
    expect(printModule(parseModule(text, ops))).toBe(text);
  });
});

describe('real models', () => {
  const ops = operatorRegistry(standardOps);

  test.each(['digits-linear', 'digits-mlp', 'digits-resnet', 'sensor-regression'])('%s, reals and integers', (name) => {
    const path = join(import.meta.dirname, '../examples/models', name, 'model.onnx');
    const { model, files } = readModelFile(path);
    const dims = new Map(name === 'digits-linear' || name === 'sensor-regression' ? [['batch', 1]] : []);
    const { module } = importModel(model, { ops, dims, files, file: path });
    const ranges = new Map(module.inputs.map((v) => [v.name, [0, 1] as const]));
    const { float, int } = quantizeModel(module, ops, { samples: [], ranges });
    for (const m of [module, float, int]) {
      const text = printModule(m);
      const back = parseModule(text, ops);
      expect(sameModule(m, back)).toBe(true);
      expect(printModule(back)).toBe(text);
    }
  });
});

describe('resources', () => {
  const big = tensor(
    [65],
    Float64Array.from({ length: 65 }, (_, i) => i),
  );
  const b = createModuleBuilder('m', 'float', toyOperators);
  b.output('y', b.constantOfType('w', big, floatType([65])));
  const m = b.finish();
  const text = printModule(m);

  test('large constants are resources, inline or external', () => {
    expect(text).toContain(`resource "sha256:${tensorDigest(big)}"`);
    expect(text).toContain('int8 base64');
    expect(sameModule(parse(text), m)).toBe(true);
    const short = printModule(m, { resources: 'external' });
    expect(short).not.toContain('base64');
    const resources = new Map([[tensorDigest(big), big]]);
    expect(sameModule(parseModule(short, toyOperators, { resources }), m)).toBe(true);
    expect(faults(short)).toEqual(['3:28 unknown-resource']);
  });

  test('changed, short, missing and superfluous data is refused', () => {
    expect(faults(text.replace('AAEC', 'AAED'))).toEqual(['8:3 corrupt-resource']);
    expect(faults(text.replace('AAEC', ''))).toEqual(['8:3 corrupt-resource']);
    expect(faults(text.replace('int8 base64', 'int16 base64'))).toEqual(['8:3 corrupt-resource']);
    expect(faults(text.replace('int8 base64', 'int4 base64'))).toEqual(['8:3 corrupt-resource']);
    expect(faults(text.replace(/resource ".*"/, `dense [${[...big.data].join(', ')}]`))).toEqual([
      '8:3 unused-resource',
    ]);
    const swapped = new Map([[tensorDigest(big), tensor([65], new Float64Array(65))]]);
    expect(() => parseModule(printModule(m, { resources: 'external' }), toyOperators, { resources: swapped })).toThrow(
      /does not have this digest/,
    );
  });
});

describe('faults', () => {
  test.each([
    ['    %a = toy_sum(%x) : f32<3>', '3:10 type-mismatch'],
    ['    %a = toy_sum(%x) : i64<2>', '3:10 type-mismatch'],
    ['    %a = toy_sum(%z) : f32<2>', '3:18 undefined-value'],
    ['    %x = toy_sum(%x) : f32<2>', '3:5 redefined-value'],
    ['    %a, %a = toy_twins(%x) : f32<2>, f32<2>', '3:9 redefined-value'],
    ['    %a = toy_twins(%x) : f32<2>', '3:10 type-mismatch'],
    ['    %a, %b = toy_twins(%x) : f32<2>', '3:14 type-mismatch'],
    ['    %a = toy_nothing(%x) : f32<2>', '3:10 unknown-operator'],
    ['    %a = __proto__(%x) : f32<2>', '3:10 unknown-operator'],
    ['    %a = toy_twins(%x, %x) : f32<2>', '3:10 bad-operands'],
    ['    %a = toy_sum(%x) {k = 1} : f32<2>', '3:10 bad-attribute'],
    ['    %a = toy_sum(%x) {__proto__ = 1} : f32<2>', '3:10 bad-attribute'],
    ['    %a = toy_attributes(%x) {count = 0.5} : f32<2>', '3:10 bad-attribute'],
    ['    %a = toy_attributes(%x) {count = 1, count = 1} : f32<2>', '3:41 duplicate-attribute'],
    ['    %a = toy_attributes(%x) {count = 9007199254740993} : f32<2>', '3:38 bad-number'],
    ['    %a = toy_attributes(%x) {slope = 1e400} : f32<2>', '3:38 bad-number'],
    ['    %a = toy_attributes(%x) {axes = [1, "a"]} : f32<2>', '3:41 syntax-error'],
    ['    %a = toy_attributes(%x) {axes = [[1]]} : f32<2>', '3:38 syntax-error'],
    ['    %a = toy_attributes(%x) {mode = "\\q"} : f32<2>', '3:37 bad-string'],
    ['    %a = toy_attributes(%x) {mode = "\\u{110000}"} : f32<2>', '3:37 bad-string'],
    ['    %a = toy_attributes(%x) {mode = "open} : f32<2>', '3:37 syntax-error'],
    ['    %a = constant dense [1] : f32<2>', '3:25 bad-constant'],
    ['    %a = constant dense [1, 0.5] : i64<2>', '3:25 bad-constant'],
    ['    %a = constant dense [1, 2] : bool<2>', '3:25 bad-constant'],
    ['    %a = constant dense [1, "2"] : f32<2>', '3:29 syntax-error'],
    ['    %a = constant dense [1, 2] : f16<2>', '3:34 bad-type'],
    ['    %a, %b = constant dense [1, 2] : f32<2>', '3:9 syntax-error'],
    ['    %a = constant dense [1, 2] : int<2, [0, 2], 1>', '3:34 illegal-in-stage'],
    ['    %a = constant dense [1, 2] : int<2, 1>', '3:34 bad-type'],
    ['    %a = constant dense [1, 2] : int<2, [0, 2], 1/0>', '3:49 bad-type'],
    ['    %a = constant dense [1, 2] : int<2, [0, 2], -1>', '3:34 bad-type'],
    ['    %a = constant dense [1, 2] : int<2, [2, 0], 1>', '3:34 bad-type'],
    ['    %a = constant dense [1, 2] : int<2, [0, 0.5], 1>', '3:34 bad-type'],
    ['    %a = constant dense [1, 2] : int<2, 1, [0, 2]>', '3:34 bad-type'],
    ['    %a = constant dense [] : f32<99999x99999>', '3:34 tensor-too-large'],
    ['    %a = constant dense [] : f32<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1>', '3:34 bad-shape'],
    ['    %a = constant dense [1, 2] : f32<2, [nan, 1]>', '3:34 bad-type'],
    ['    %a = constant dense [1, 2] : f32<2', '4:5 syntax-error'],
    ['    %a = toy_sum(%x) : f32<2> loc("n")', '3:38 syntax-error'],
    ['    %a = toy_sum(%x) : f32<2> loc("n" #99999999999999999999)', '3:39 bad-number'],
    ['    &', '3:5 syntax-error'],
  ])('%s', (body, fault) => {
    expect(faults(withBody(body))).toEqual([fault]);
  });

  test('several faults are told at once', () => {
    expect(
      faults(withBody('    %a = toy_sum(%z) : f32<2>\n    %b = toy_sum(%a, %x) : f32<3>\n    %c = no(%b) : f32<2>')),
    ).toEqual(['3:18 undefined-value', '4:10 type-mismatch', '5:10 unknown-operator']);
  });

  test('ports and stage', () => {
    const file = (stage: string, inputs: string, outputs: string): string =>
      `module @m {${stage}} {graph(${inputs}) {\nreturn ${outputs}}}`;
    expect(faults(file('stage = "float"', '%x: f32<>, %y "x": f32<>', '%x as "y"'))).toEqual(['1:47 duplicate-port']);
    expect(faults(file('stage = "float"', '%x: f32<>', '%x as "y", %x as "y"'))).toEqual(['2:25 duplicate-port']);
    expect(faults(file('stage = "float"', '%x: f32<>', ''))).toEqual(['1:9 no-outputs']);
    expect(faults(file('stage = "solid"', '%x: f32<>', '%x as "y"'))).toEqual(['1:12 bad-attribute']);
    expect(faults(file('', '%x: f32<>', '%x as "y"'))).toEqual(['1:9 bad-attribute']);
    expect(faults(file('stage = "int"', '%x: f32<>', '%x as "y"'))).toEqual(['1:38 illegal-in-stage']);
    expect(faults(file('stage = "int"', '%x: int<[0, 1], 1>', '%x as "y"'))).toEqual([]);
  });

  test('the int stage refuses operators without integer meaning, named by their node', () => {
    const text =
      'module @m {stage = "int"} {graph(%x: int<[0, 1], 1>) {\n%a = toy_attributes(%x) : int<[0, 1], 1> loc("relu" #3)\nreturn %a as "y"}}';
    expect(faults(text)).toEqual(['2:6 illegal-in-stage']);
    expect(message(text)).toContain('toy_attributes');
  });

  test('messages say what was expected', () => {
    expect(message('')).toBe('expected module, got the end of the text');
    expect(message('graph')).toBe('expected module, got "graph"');
    expect(message('module @m {stage = 1 ]')).toMatch(/expected }, got "\]"/);
    expect(message('module @m {stage = %x}')).toMatch(/^expected a number or .*true or false or \[, got "%x"/);
    expect(message(`${withBody('')} more`)).toBe('expected the end of the text or a section "resources", got "more"');
    expect(message(withBody('    %a = toy_sum(%x) : f32<3>'))).toBe(
      'toy_sum: expected f32<2> by inference, got f32<3>',
    );
    expect(faults('')).toEqual(['1:1 syntax-error']);
    expect(faults('module @m\n  {stage')).toEqual(['2:9 syntax-error']);
  });
});

describe('hostile texts', () => {
  test('end with a fault, in time that is linear in their length', () => {
    const n = 200_000;
    for (const text of [
      '['.repeat(n),
      'module @m {stage = '.concat('['.repeat(n)),
      '"'.repeat(n),
      `"${'\\"'.repeat(n)}`,
      `"${'\\"'.repeat(n)}\n`.repeat(2),
      '1'.repeat(n),
      `${'1x'.repeat(n)}`,
      '%'.repeat(n),
      `%${'/'.repeat(n)}`,
      '-'.repeat(n),
      '&'.repeat(n),
      '\u0000'.repeat(n),
      withBody(`    %a = toy_attributes(%x) {count = ${'9'.repeat(n)}} : f32<2>`),
      withBody(`    %a = toy_attributes(%x) {axes = [${'1, '.repeat(n)}]} : f32<2>`),
      withBody(`    %a = constant dense [] : f32<${'9'.repeat(n)}>`),
      withBody(`    %a = constant dense [] : int<[0, 1], ${'9'.repeat(n)}/7>`),
      withBody(`    %a = constant dense [] : int<[0, 1], 2^${'9'.repeat(n)}>`),
      withBody('    %a = toy_sum(%z) : f32<2>\n'.repeat(1000)),
    ])
      expect(() => parse(text)).toThrow(Diagnostic);
  });

  test('text beyond the bound is refused before it is read', () => {
    expect(faults(' '.repeat(2 ** 24 + 1))).toEqual(['1:1 text-too-large']);
  });

  test('a text of 2 MB is read', () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, i) =>
        `    %v${i} = toy_sum(%x, %${i === 0 ? 'x' : `v${i - 1}`}) : f32<2> loc("/layer${i}/Add" #${i}) // a comment, as a person would`,
    );
    const text = withBody(lines.join('\n'));
    expect(text.length).toBeGreaterThan(2_000_000);
    expect(parse(text).operations).toHaveLength(20_000);
  });
});
