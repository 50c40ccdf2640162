// When a slice takes suspiciously long, judged by those that are finished: people are told, nothing is ended.

/** What is suspicious. */
export interface Patience {
  /** So many times what the finished ones suggest. */
  readonly factor: number;
  /** Never before so long (seconds): small slices vary, and so do machines. */
  readonly least: number;
  /** As long as none is finished (seconds). */
  readonly first: number;
}

export const PATIENCE: Patience = { factor: 5, least: 60, first: 600 };

/** A slice that was proved: its size (cells or constraints) and wall time. */
export interface FinishedJob {
  readonly size: number;
  readonly seconds: number;
}

/** Time after which a slice of some size is a straggler (seconds): median time per size of the finished ones, scaled. */
export function lateAfter(size: number, finished: readonly FinishedJob[], { factor, least, first }: Patience): number {
  if (finished.length === 0) return first;
  const rates = finished.map((f) => f.seconds / Math.max(1, f.size)).sort((a, b) => a - b);
  return Math.max(least, factor * rates[rates.length >> 1]! * size);
}
