// The largest resident set of this process, for measurements of proofs.
import { readFileSync, writeFileSync } from 'node:fs';

/** Lets {@link peakBytes} count from now, where the system can (Linux); elsewhere it counts from the start of the process. */
export function resetPeak(): void {
  try {
    // proc(5): 5 resets the peak resident set size.
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Another system, or a container that forbids it: the figure is then an upper bound.
  }
}

/** Largest resident set so far (bytes). */
export function peakBytes(): number {
  try {
    const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (peak !== null) return Number(peak[1]) * 1024;
  } catch {
    // Below.
  }
  return process.resourceUsage().maxRSS * 1024;
}
