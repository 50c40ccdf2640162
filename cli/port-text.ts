// One input or output of a statement, in words.
import { printable } from '../compiler/index.ts';
import type { PortStatement } from '../runtime/index.ts';
import { privateIn } from './secrecy.ts';
import { showNumbers } from './table.ts';

/** A line: what a proof shows of a port. */
export function describePort(p: PortStatement, zeroKnowledge: boolean): string {
  const head = `  ${p.role} ${printable(p.name)} [${p.shape.join(', ')}]`;
  if (p.commitment !== undefined) return `${head} committed: ${p.commitment}`;
  if (p.reals === undefined || p.integers === undefined) return `${head} ${privateIn(zeroKnowledge)}`;
  return `${head} = ${showNumbers(p.reals)} (integers times ${p.scale})`;
}
