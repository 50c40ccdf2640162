// Writes the generated pages anew: `npm run docs`. Needs `npm run build`, because a proof is made for the README's session.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { committedPage, generatedPages, withoutChance } from './docs/pages.ts';

for (const [path, text] of await generatedPages()) {
  if (withoutChance(text) === withoutChance(committedPage(path))) {
    console.log(`unchanged: ${path}`);
    continue;
  }
  writeFileSync(join(import.meta.dirname, '..', path), text);
  console.log(`written: ${path}`);
}
