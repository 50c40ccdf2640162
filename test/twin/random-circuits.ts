// Random circuits of products, views, concatenations and sums, for comparing verifiers on claims that take any way back.
import { type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { letters } from '../../compiler/ir/contraction.ts';
import { interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire, Recorder } from '../../compiler/ir/recorder.ts';
import { type Shape, sizeOf, tensor } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import type { Random } from '../kits/random.ts';

/** Cells of a wire, and magnitude of its integers, that are not exceeded. */
const MOST_CELLS = 48;
const MOST_MAGNITUDE = 2n ** 28n;

const between = (random: Random, low: number, high: number): number => low + random.below(high - low + 1);

/** Two numbers with this product. */
function split(n: number, random: Random): readonly [number, number] {
  const divisors = Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
  const d = random.pick(divisors);
  return [d, n / d];
}

function randomStep(shape: Shape, random: Random): View {
  const rank = shape.length;
  const kinds = ['reshape', 'transpose', 'broadcast', 'slice', 'pad', 'dilate', 'window', 'gather'] as const;
  const kind = rank === 0 ? random.pick(['reshape', 'broadcast'] as const) : random.pick(kinds);
  const axis = random.below(Math.max(1, rank));
  const n = shape[axis] ?? 1;
  switch (kind) {
    case 'reshape':
      return { kind, shape: random.below(3) === 0 ? [sizeOf(shape)] : split(sizeOf(shape), random) };
    case 'transpose':
      return { kind, perm: [...shape.keys()].sort(() => random.below(3) - 1) };
    case 'broadcast':
      return { kind, axis: random.below(rank + 1), size: between(random, 1, 3) };
    case 'slice': {
      const size = between(random, 1, n);
      const start = random.below(n - size + 1);
      return random.below(2) === 0
        ? { kind, axis, start, step: 1, size }
        : { kind, axis, start: start + size - 1, step: -1, size };
    }
    case 'pad':
      return { kind, axis, before: random.below(2), after: random.below(3) };
    case 'dilate':
      return { kind, axis, by: between(random, 1, 3) };
    case 'window':
      return { kind, axis, size: between(random, 1, n), stride: between(random, 1, 2), dilation: 1 };
    case 'gather':
      return { kind, axis, index: Int32Array.from({ length: between(random, 1, 4) }, () => random.below(n + 1) - 1) };
  }
}

/** A product over axes that agree where they share a letter; some letters are summed, a few stand in both and are kept. */
function randomProduct(b: Recorder, x: RecordedWire, y: RecordedWire, random: Random): RecordedWire | undefined {
  const a = letters(x.shape.length);
  let fresh = a.length;
  const used = new Set<string>();
  const second = y.shape.map((n) => {
    const partner = [...a].find((l, i) => x.shape[i] === n && !used.has(l) && random.below(3) > 0);
    if (partner !== undefined) used.add(partner);
    return partner ?? letters(1, fresh++);
  });
  const all = [...new Set([...a, ...second])];
  const out = all.filter((l) => random.below(used.has(l) ? 3 : 5) > 0).sort(() => random.below(3) - 1);
  const sizes = new Map([
    ...[...a].map((l, i) => [l, x.shape[i]!] as const),
    ...second.map((l, i) => [l, y.shape[i]!] as const),
  ]);
  if (sizeOf(out.map((l) => sizes.get(l)!)) > MOST_CELLS) return undefined;
  return b.contract({ a, b: second.join(''), out: out.join('') }, x, y);
}

function randomWire(b: Recorder, pool: readonly RecordedWire[], random: Random): RecordedWire | undefined {
  // What was made last is used most, so that products are led through several instructions.
  const x = random.pick(random.below(3) > 0 ? pool.slice(-3) : pool);
  const y = random.pick(pool);
  switch (random.below(8)) {
    case 0:
    case 1:
      return randomProduct(b, x, y, random);
    case 2: {
      const shape = [between(random, 1, 3), ...y.shape.slice(0, 1)];
      const fixed = tensor(
        shape,
        Array.from({ length: sizeOf(shape) }, () => between(random, -2, 2)),
      );
      return random.below(2) === 0
        ? randomProduct(b, b.constant(fixed), x, random)
        : randomProduct(b, x, b.constant(fixed), random);
    }
    case 3:
      return x.shape.length === 0
        ? undefined
        : b.concat(
            [x, random.pick(pool.filter((w) => w.shape.join() === x.shape.join()))],
            random.below(x.shape.length),
          );
    case 4:
      return x.shape.length === 0 ? undefined : b.sum(x, [random.below(x.shape.length)]);
    case 5: {
      const same = random.pick(pool.filter((w) => w.shape.join() === x.shape.join()));
      return b.affine(
        [
          [x, BigInt(between(random, 1, 3))],
          [same, BigInt(between(random, -2, 2))],
        ],
        BigInt(between(random, -3, 3)),
      );
    }
    default: {
      const step = randomStep(x.shape, random);
      return b.view(x, step);
    }
  }
}

/** A circuit of private and public inputs whose last wires are public outputs; made of nothing that can be refused. */
export function randomCircuit(random: Random): Circuit {
  return recordCircuit(KOALABEAR, (b) => {
    const pool: RecordedWire[] = (['private', 'private', 'public'] as const).map((visibility, i) => {
      const shape = Array.from({ length: between(random, 1, 3) }, () => between(random, 1, 4));
      return b.input(`x${i}`, 'input', visibility, shape, interval(-3, between(random, 0, 3)));
    });
    pool.push(b.input('w', 'param', 'private', [between(random, 1, 4), between(random, 1, 3)], interval(-2, 2)));
    for (let made = 0; made < 16; ) {
      const wire = randomWire(b, pool, random);
      made++;
      if (wire === undefined || sizeOf(wire.shape) > MOST_CELLS || wire.shape.length > 4) continue;
      if (wire.range.lo < -MOST_MAGNITUDE || wire.range.hi > MOST_MAGNITUDE) continue;
      pool.push(wire);
    }
    for (const [i, wire] of pool.slice(-3).entries()) b.output(`y${i}`, 'public', wire);
  });
}
