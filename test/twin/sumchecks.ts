// The twin's sumchecks: the tree of fractions of a lookup argument, and batched products.
import {
  add,
  dot,
  type Element,
  equal,
  inverse,
  isZero,
  multiply,
  ONE,
  powers,
  product,
  quadratic,
  scale,
  subtract,
  ZERO,
} from './field.ts';
import { productRounds } from './opening.ts';
import { type Reader, require } from './transcript.ts';

/** Claims on the multilinear extensions of a tree's numerators and denominators. */
export interface FractionClaim {
  readonly point: readonly Element[];
  readonly p: Element;
  readonly q: Element;
}

/** a + z (b - a). */
const between = (a: Element, b: Element, z: Element): Element => add(a, multiply(z, subtract(b, a)));

/** The fractions at the 2^variables leaves of a tree add up to zero, if the claims on the leaves hold. */
export function verifyFractions(reader: Reader, variables: number): FractionClaim {
  let [p, q] = [ZERO, reader.elements('fractions.root', 1)[0]!];
  require(!isZero(q), 'fractions.root: a denominator is zero');
  let point: readonly Element[] = [];
  for (let layer = 0; layer < variables; layer++) {
    const lambda = reader.challenge('fractions.lambda');
    let claim = add(p, multiply(lambda, q));
    const next: Element[] = [];
    for (const r of point) {
      const [g0, leading] = reader.elements('fractions.round', 2);
      require(!isZero(r), 'fractions.round: a challenge is zero');
      const g1 = multiply(subtract(claim, multiply(subtract(ONE, r), g0!)), inverse(r));
      const z = reader.challenge('fractions.point');
      claim = quadratic(g0!, g1, leading!, z);
      next.push(z);
    }
    const [p0, p1, q0, q1] = reader.elements('fractions.ends', 4);
    const both = add(multiply(p0!, q1!), multiply(q0!, p1!));
    require(equal(
      claim,
      add(both, multiply(lambda, multiply(q0!, q1!))),
    ), `fractions.ends: layer ${layer} does not join its children`);
    const mu = reader.challenge('fractions.mu');
    point = [...next, mu];
    p = between(p0!, p1!, mu);
    q = between(q0!, q1!, mu);
  }
  return { point, p, q };
}

/** A claimed sum of products over 2^variables points. */
export interface ProductClaim {
  readonly variables: number;
  readonly value: Element;
}

/** What is left: both vectors of every instance at the last coordinates of the point. */
export interface ProductEnds {
  readonly point: readonly Element[];
  readonly ends: readonly (readonly Element[])[];
}

/** All claims hold if their ends do. */
export function verifyProducts(reader: Reader, claims: readonly ProductClaim[]): ProductEnds {
  const most = Math.max(...claims.map((c) => c.variables));
  const lambda = powers(reader.challenge('contractions.lambda'), claims.length);
  // Every dummy variable doubles an instance's sum.
  const start = dot(
    lambda,
    claims.map(({ variables, value }) => scale(value, 2n ** BigInt(most - variables))),
  );
  const { claim, point } = productRounds(reader, 'contractions', most, start);
  const flat = reader.elements('contractions.ends', 2 * claims.length);
  const ends = claims.map((_, l) => [flat[2 * l]!, flat[2 * l + 1]!]);
  const total = dot(lambda, ends.map(product));
  require(equal(claim, total), 'contractions.ends: the products do not add up to the claim');
  return { point, ends };
}
