// Writes test/stats/constraints.csv anew: `npm run stats`. Look at the difference before committing it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelCosts, operatorCosts, toCsv } from '../test/stats/measure.ts';

const path = join(import.meta.dirname, '..', 'test', 'stats', 'constraints.csv');
writeFileSync(path, toCsv([...operatorCosts(), ...(await modelCosts())]));
console.log(`written: ${path}`);
