// What a native proof is made of, in numbers: cells, lookups, parameters, soundness term by term, expected size and memory.
import { nativeProveBytes } from './estimate.ts';
import { openingBytes } from './provers/plonk/choose-parameters.ts';
import { EXT } from './provers/plonk/field.ts';
import type { LoadedKey } from './provers/plonk/index.ts';
import { HASH_BYTES } from './provers/plonk/merkle.ts';
import type { Queried } from './provers/plonk/opening-rounds.ts';
import { blockBits, columnCounts, type ProtocolSize, soundnessTerms } from './provers/plonk/parameters.ts';
import { protocolSize } from './provers/plonk/protocol-size.ts';

/** One source of soundness error. */
export interface SoundnessPart {
  readonly name: string;
  /** -log2 of its share of the error. */
  readonly bits: number;
}

/** What a run proves and how, in numbers. */
export interface NativeFigures {
  /** Committed with every proof, and once; padding included (cells). */
  readonly adviceCells: number;
  readonly weightCells: number;
  readonly lookups: number;
  readonly tables: number;
  readonly tableRows: number;
  readonly contractions: number;
  /** The code of all columns, and how many of its rows a proof opens. */
  readonly code: Queried;
  /** The code of the combined row, where it is committed again. */
  readonly tail: Queried | undefined;
  readonly proofOfWorkBits: number;
  /** Steps of the hash chain between the last commitment and the first challenge. */
  readonly chainSteps: number;
  /** True if the opened rows determine every committed cell: whoever has a proof can compute what it does not show. */
  readonly revealsCells: boolean;
  readonly soundness: readonly SoundnessPart[];
  /** Expected size of a proof without its statement, and peak memory of proving (bytes). */
  readonly proofBytes: number;
  readonly proveBytes: number;
}

const ELEMENT_BYTES = 4 * EXT;
/** A round of any sumcheck sends two elements. */
const ROUND_BYTES = 2 * ELEMENT_BYTES;

/** Bytes of everything before the opening: the values of contractions, fraction trees, the batch of products, blocks. */
function claimsBytes(size: ProtocolSize, code: Queried): number {
  const { trees, sumchecks, cellTerms } = size;
  // Layer k has k rounds and four ends.
  const fractions = trees.map(
    ({ variables: n }) => ELEMENT_BYTES + (n * (n - 1) * ROUND_BYTES) / 2 + 4 * ELEMENT_BYTES * n,
  );
  const products = sumchecks.map((s) => s.rounds * ROUND_BYTES + 3 * ELEMENT_BYTES * s.instances);
  const blocks = blockBits(columnCounts(size, code), code) * ROUND_BYTES + cellTerms * ELEMENT_BYTES;
  return HASH_BYTES + [...fractions, ...products, blocks].reduce((sum, bytes) => sum + bytes, 0);
}

function soundnessParts({ run, securityBits }: LoadedKey, size: ProtocolSize): readonly SoundnessPart[] {
  const terms = [...soundnessTerms(size, run.parameters)];
  // Parts that a run has none of, such as rounds over a single column, add no error.
  const parts = terms.flatMap(([name, log]): SoundnessPart[] => (log === -Infinity ? [] : [{ name, bits: -log }]));
  const left = 2 ** -securityBits - terms.reduce((sum, [, log]) => sum + 2 ** log, 0);
  return run.protocol.weightColumns === 0 ? parts : [...parts, { name: 'registration', bits: -Math.log2(left) }];
}

/** The figures of a key that has been read. */
export function nativeFigures(key: LoadedKey): NativeFigures {
  const { protocol, parameters } = key.run;
  const { plan } = protocol;
  const { code, tail, powBits } = parameters.opening;
  const size = protocolSize(protocol);
  return {
    adviceCells: plan.cells.advice,
    weightCells: plan.cells.weight,
    lookups: plan.lookups.reduce((n, l) => n + l.size, 0),
    tables: plan.tables.length,
    tableRows: plan.tables.reduce((n, t) => n + t.rows, 0),
    contractions: plan.contractions.length,
    code,
    tail,
    proofOfWorkBits: powBits,
    chainSteps: parameters.chainSteps,
    revealsCells: code.queries >= 2 ** code.logMessage,
    soundness: soundnessParts(key, size),
    proofBytes: Math.round(claimsBytes(size, code) + openingBytes(size, parameters.opening)),
    proveBytes: nativeProveBytes(plan.cells),
  };
}
