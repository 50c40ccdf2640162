// Down-sets of a graph of groups: the places where it can be cut, counted one by one up to a limit.

/**
 * Down-sets by number, smaller ones first: 0 is empty, the last is everything. A down-set holds with every group all groups
 * that it depends on.
 */
export interface DownSets {
  readonly count: number;
  /** 32-bit words per set. */
  readonly words: number;
  /** Bit g of set s is bit g % 32 of word s * words + floor(g / 32). */
  readonly bits: Uint32Array;
  /** Steps from set s by one group: entries firstStep[s] to firstStep[s + 1] of `added` and `target`. */
  readonly firstStep: Int32Array;
  readonly added: Int32Array;
  readonly target: Int32Array;
}

/** Grows by doubling. */
interface Growing<T extends Int32Array | Uint32Array> {
  data: T;
  length: number;
}

function reserve<T extends Int32Array | Uint32Array>(g: Growing<T>, more: number, make: (n: number) => T): void {
  if (g.length + more <= g.data.length) return;
  const larger = make(Math.max(2 * g.data.length, g.length + more));
  larger.set(g.data);
  g.data = larger;
}

const ints = (n: number): Int32Array => new Int32Array(n);
const words32 = (n: number): Uint32Array => new Uint32Array(n);

/** Pseudo-random 32 bits for hashing (splitmix32): which ones does not matter, only that they are spread. */
function spread(i: number): number {
  let z = Math.imul(i + 1, 0x9e3779b9);
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/**
 * All down-sets of a graph, or undefined if there are more than `most`.
 * @param before for each group the groups that it depends on
 */
export function enumerateDownSets(before: readonly (readonly number[])[], most: number): DownSets | undefined {
  const n = before.length;
  const words = Math.max(1, Math.ceil(n / 32));
  const after: number[][] = before.map(() => []);
  for (const [g, list] of before.entries()) for (const p of list) after[p]!.push(g);
  const bits: Growing<Uint32Array> = { data: words32(64 * words), length: words };
  const added: Growing<Int32Array> = { data: ints(256), length: 0 };
  const target: Growing<Int32Array> = { data: ints(256), length: 0 };
  const firstStep: Growing<Int32Array> = { data: ints(64), length: 0 };
  const has = (set: number, g: number): boolean => ((bits.data[set * words + (g >> 5)]! >>> (g & 31)) & 1) === 1;

  // Sets of one size only are looked up: steps from sets of size k lead to sets of size k + 1.
  let count = 1;
  let level: { readonly set: number; readonly hash: number; readonly ready: readonly number[] }[] = [
    { set: 0, hash: 0, ready: before.flatMap((list, g) => (list.length === 0 ? [g] : [])) },
  ];
  while (level.length > 0) {
    const next: typeof level = [];
    const known = new Map<number, number[]>();
    for (const { set, hash, ready } of level) {
      reserve(firstStep, 2, ints);
      firstStep.data[firstStep.length++] = added.length;
      for (const g of ready) {
        const h = (hash ^ spread(g)) >>> 0;
        const candidates = known.get(h) ?? [];
        let found = candidates.find((s) => isSetPlus(bits.data, words, s, set, g));
        if (found === undefined) {
          if (count === most) return undefined;
          found = count++;
          reserve(bits, words, words32);
          bits.data.copyWithin(bits.length, set * words, (set + 1) * words);
          bits.data[bits.length + (g >> 5)]! |= 1 << (g & 31);
          bits.length += words;
          known.set(h, [...candidates, found]);
          const made = found;
          const becameReady = after[g]!.filter((x) => before[x]!.every((p) => has(made, p)));
          next.push({ set: made, hash: h, ready: [...ready.filter((x) => x !== g), ...becameReady] });
        }
        reserve(added, 1, ints);
        reserve(target, 1, ints);
        added.data[added.length++] = g;
        target.data[target.length++] = found;
      }
    }
    level = next;
  }
  firstStep.data[firstStep.length++] = added.length;
  return {
    count,
    words,
    bits: bits.data.subarray(0, count * words),
    firstStep: firstStep.data.subarray(0, count + 1),
    added: added.data.subarray(0, added.length),
    target: target.data.subarray(0, target.length),
  };
}

/** True if set `s` is set `t` with group g added. */
function isSetPlus(bits: Uint32Array, words: number, s: number, t: number, g: number): boolean {
  for (let w = 0; w < words; w++) {
    const plus = w === g >> 5 ? (bits[t * words + w]! | (1 << (g & 31))) >>> 0 : bits[t * words + w]!;
    if (bits[s * words + w] !== plus) return false;
  }
  return true;
}

/** The down-sets that are beginnings of the order 0, 1, ..., n-1: n + 1 of them. */
export function prefixDownSets(n: number): DownSets {
  const words = Math.max(1, Math.ceil(n / 32));
  const bits = words32((n + 1) * words);
  for (let s = 1; s <= n; s++) {
    bits.copyWithin(s * words, (s - 1) * words, s * words);
    bits[s * words + ((s - 1) >> 5)]! |= 1 << ((s - 1) & 31);
  }
  const steps = Int32Array.from({ length: n }, (_, g) => g);
  return {
    count: n + 1,
    words,
    bits,
    firstStep: Int32Array.from({ length: n + 2 }, (_, s) => Math.min(s, n)),
    added: steps,
    target: steps.map((g) => g + 1),
  };
}

/** True if the set holds the group. */
export function holds(sets: DownSets, set: number, g: number): boolean {
  return ((sets.bits[set * sets.words + (g >> 5)]! >>> (g & 31)) & 1) === 1;
}
