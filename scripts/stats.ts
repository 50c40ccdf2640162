// Writes the pinned costs anew: `npm run stats`. Look at the difference before committing it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CORPUS, type Cost, corpusCosts, modelCosts, operatorCosts, toCsv } from '../test/stats/measure.ts';

function write(name: string, costs: readonly Cost[]): void {
  writeFileSync(join(import.meta.dirname, '..', 'test', 'stats', name), toCsv(costs));
  console.log(`written: test/stats/${name}`);
}

write('constraints.csv', [...operatorCosts(), ...(await modelCosts())]);
if (existsSync(CORPUS)) write('corpus.csv', await corpusCosts());
else console.log('left as it is: test/stats/corpus.csv, because ../shared/corpus is not here');
