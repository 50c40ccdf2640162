// The figures of a native proof as tables: what it commits, its parameters, and where its soundness error comes from.
import type { NativeFigures } from '../runtime/index.ts';
import { showBytes, table } from './table.ts';

/** Two tables: figures, and bits of soundness by part. */
export function describeFigures(f: NativeFigures): string {
  const { code, tail } = f;
  const rows: readonly (readonly [string, string])[] = [
    ['cells committed by a proof', String(f.adviceCells)],
    ['cells of registered weights', String(f.weightCells)],
    ['lookups', String(f.lookups)],
    ['tables', String(f.tables)],
    ['rows of tables', String(f.tableRows)],
    ['contractions', String(f.contractions)],
    ['code', `2^${code.logMessage} in 2^${code.logCode}, ${code.queries} rows opened`],
    ...(tail === undefined
      ? []
      : [
          [
            'code of the combined row',
            `2^${tail.logMessage} in 2^${tail.logCode}, ${tail.queries} rows opened`,
          ] as const,
        ]),
    ['proof of work', `${f.proofOfWorkBits} bits before each choice of rows`],
    ['hash chain', `${f.chainSteps} steps`],
    ['size of a proof, about', showBytes(f.proofBytes)],
    ['memory of a proof, about', showBytes(f.proveBytes)],
  ];
  const parts = f.soundness.map(({ name, bits }) => [name, bits.toFixed(1)]);
  return [
    table([['figure', 'value'], ...rows]),
    ...(f.revealsCells
      ? [
          '',
          'the opened rows determine every committed cell: a proof reveals everything that it commits to, inputs too',
        ]
      : []),
    '',
    table([['soundness error', 'bits'], ...parts], [1]),
  ].join('\n');
}
