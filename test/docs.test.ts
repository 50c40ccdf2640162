// Generated pages are current: lists of operators and passes, and the session in the README. `npm run docs` writes them.
import { beforeAll, expect, test } from 'vitest';
import { committedPage, generatedPages, withoutChance } from '../scripts/docs/pages.ts';

let pages: ReadonlyMap<string, string> = new Map();
beforeAll(async () => {
  pages = await generatedPages();
});

test.each(['docs/operators.md', 'docs/passes.md', 'README.md'])('%s is current', (path) => {
  expect(pages.get(path)).toBeDefined();
  expect(withoutChance(committedPage(path))).toBe(withoutChance(pages.get(path)!));
});

test('what may differ between runs is left out of the comparison, and nothing else', () => {
  const root = 'ab'.repeat(32);
  expect(withoutChance(`proof 1.67 s, root ${root}`)).toBe('proof … s, root …');
  expect(withoutChance('1482 constraints, 12 sums')).toBe('1482 constraints, 12 sums');
});
