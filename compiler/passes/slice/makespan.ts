// Slices on several machines: jobs without order among them, since every boundary is known before the first proof begins.

/** For each job its machine, and when the last machine is done. */
export interface Schedule {
  readonly placement: readonly number[];
  readonly makespan: number;
}

/** Longest job first, each to the machine that is free earliest (Graham 1969: at most 4/3 of the best schedule). */
export function placeLongestFirst(loads: readonly number[], machines: number): Schedule {
  const busy = new Float64Array(Math.min(machines, Math.max(1, loads.length)));
  const placement: number[] = new Array(loads.length).fill(0);
  const order = [...loads.keys()].sort((a, b) => loads[b]! - loads[a]! || a - b);
  for (const job of order) {
    let free = 0;
    for (let m = 1; m < busy.length; m++) if (busy[m]! < busy[free]!) free = m;
    placement[job] = free;
    busy[free]! += loads[job]!;
  }
  return { placement, makespan: busy.reduce((a, b) => Math.max(a, b), 0) };
}
