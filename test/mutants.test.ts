// The mutation check itself: mutants exist for every file that has constraints, they parse, and the list of equivalent ones is current.
import { describe, expect, test } from 'vitest';
import { allMutants, readEquivalents } from '../scripts/mutants/catalogue.ts';
import { circomEmitterMutants, circomLibraryMutants, rowMutants } from '../scripts/mutants/emitter-mutators.ts';
import { gadgetMutants } from '../scripts/mutants/gadget-mutators.ts';
import { type Mutant, nameOf } from '../scripts/mutants/mutant.ts';
import { verifierMutants } from '../scripts/mutants/verifier-mutators.ts';

const groups = allMutants();
const all = groups.flatMap((g) => g.mutants);
const changes = (mutants: readonly Mutant[]): string[] => mutants.map((m) => `${m.kind}: ${m.text}`);

test('every part that writes constraints or checks proofs has mutants, each with a name of its own', () => {
  for (const folder of [
    'stdlib/gadgets',
    'stdlib/ops',
    'compiler/ir/interpret',
    'compiler/backends/circom',
    'stdlib/circom',
    'runtime/provers/plonk',
  ])
    expect(groups.find((g) => g.group.folder === folder)?.mutants.length, folder).toBeGreaterThan(5);
  expect(new Set(all.map(nameOf)).size).toBe(all.length);
});

test('equivalent mutants exist and come with an argument', () => {
  const names = new Set(all.map(nameOf));
  const stale = readEquivalents().filter((e) => !names.has(nameOf({ occurrence: 1, ...e })));
  expect(stale).toEqual([]);
  for (const e of readEquivalents()) expect(e.argument.length, nameOf({ occurrence: 1, ...e })).toBeGreaterThan(40);
});

describe('mutators', () => {
  test('the native verifier', () => {
    const text =
      "channel.check(a, 'b'); if (x) throw refuse('y'); if (x) throw 1; else f(); other.check(1); checkStatement(p, s);";
    expect(verifierMutants('f.ts', text).map((m) => `${m.kind}: ${m.code}`)).toEqual([
      "check left out: channel.check(a, 'b');",
      "refusal left out: if (x) throw refuse('y');",
      'check left out: checkStatement(p, s);',
    ]);
  });
  test('gadgets', () => {
    expect(changes(gadgetMutants('f.ts', "b.assertZero(x, 'l');"))).toEqual(['zero test deleted: void 0;']);
    expect(changes(gadgetMutants('f.ts', "y = b.range(x, to, 'l');"))).toEqual([
      "range deleted: y = b.deduce(x, to, 'select');",
      "range widened upwards: y = b.range(x, ((r) => ({ lo: r.lo, hi: 2n * r.hi - r.lo + 1n }))(to), 'l');",
      "range widened downwards: y = b.range(x, ((r) => ({ lo: 2n * r.lo - r.hi - 1n, hi: r.hi }))(to), 'l');",
    ]);
    expect(changes(gadgetMutants('f.ts', "y = b.lookup(t, k, 'l')[0];"))).toEqual([
      'lookup deleted: y = [k][0];',
      "rows of a table shifted: y = b.lookup(t, b.affine([[k, 1n]], 1n), 'l')[0];",
    ]);
  });
  test('rows', () => {
    const nothing = '{ variables: [], coefficients: [] }';
    expect(changes(rowMutants('f.ts', 'e.row(a, b, c); assertAtMost(e, x, y);'))).toEqual([
      `row emptied: e.row(${nothing}, ${nothing}, ${nothing}); assertAtMost(e, x, y);`,
      'proof left out: e.row(a, b, c); void 0;',
    ]);
  });
  test('statements of Circom', () => {
    expect(changes(circomEmitterMutants('f.ts', `f(x === y, \`\${x} <== 1;\`);`))).toEqual([
      `assigned without a constraint: f(x === y, \`\${x} <-- 1;\`);`,
    ]);
    expect(changes(circomEmitterMutants('f.ts', `f(\`\${x} === \${y};\`);`))).toEqual([
      `constraint commented out: f(\`// \${x} === \${y};\`);`,
    ]);
    expect(changes(circomLibraryMutants('f.circom', '  a <== b;\n  c === d; // why'))).toEqual([
      'assigned without a constraint:   a <-- b;\n  c === d; // why',
      'constraint deleted:   a <== b;\n  ',
    ]);
  });
});
