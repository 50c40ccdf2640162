// Index expressions of loop nests: whole-number linear forms with known bounds, so that views print without needless \ and %.

/** An expression that needs no parentheses, with the interval of its values. */
interface Atom {
  readonly text: string;
  readonly lo: number;
  readonly hi: number;
}

interface Term {
  readonly k: number;
  readonly atom: Atom;
}

/** sum of k * atom + constant, with the interval of its values where it is used (narrower than its atoms' after a guard). */
export interface Index {
  readonly terms: readonly Term[];
  readonly constant: number;
  readonly lo: number;
  readonly hi: number;
}

function form(terms: readonly Term[], constant: number): Index {
  let [lo, hi] = [constant, constant];
  for (const { k, atom } of terms) {
    lo += k * (k > 0 ? atom.lo : atom.hi);
    hi += k * (k > 0 ? atom.hi : atom.lo);
  }
  return { terms, constant, lo, hi };
}

export function constantIndex(value: number): Index {
  return form([], value);
}

/** A loop variable over 0 .. size - 1, or 0 where there is only one value. */
export function loopIndex(name: string, size: number): Index {
  return size === 1 ? constantIndex(0) : atomIndex(name, 0, size - 1);
}

/** Any expression in the given bounds; `text` must not need parentheses. */
export function atomIndex(text: string, lo: number, hi: number): Index {
  return lo === hi ? constantIndex(lo) : form([{ k: 1, atom: { text, lo, hi } }], 0);
}

/** x + k * y. */
export function addIndex(x: Index, y: Index, k = 1): Index {
  const terms = [...x.terms];
  for (const t of y.terms) {
    const at = terms.findIndex((u) => u.atom.text === t.atom.text);
    const sum = (terms[at]?.k ?? 0) + k * t.k;
    if (at < 0) terms.push({ k: sum, atom: t.atom });
    else terms[at] = { k: sum, atom: t.atom };
  }
  return form(
    terms.filter((t) => t.k !== 0),
    x.constant + k * y.constant,
  );
}

/** k * x + c. */
export function affineIndex(x: Index, k: number, c = 0): Index {
  return addIndex(constantIndex(c), x, k);
}

/** The same form, known to lie in 0 .. size - 1: a guard says so. */
export function within(x: Index, size: number): Index {
  return { ...x, lo: Math.max(x.lo, 0), hi: Math.min(x.hi, size - 1) };
}

/** The same number; if a guard narrowed it, as one unit with its bounds, which its parts do not have. */
export function bounded(x: Index): Index {
  const { lo, hi } = form(x.terms, x.constant);
  return lo === x.lo && hi === x.hi ? x : atomIndex(`(${showIndex(x)})`, x.lo, x.hi);
}

/** floor(x / m) and x mod m, for x that is not negative where it is used. */
export function divideIndex(x: Index, m: number): { readonly quotient: Index; readonly remainder: Index } {
  if (m === 1) return { quotient: x, remainder: constantIndex(0) };
  if (x.lo >= 0 && x.hi < m) return { quotient: constantIndex(0), remainder: x };
  const whole = x.terms.filter((t) => t.k % m === 0);
  const offset = ((x.constant % m) + m) % m;
  const multiple = form(
    whole.map((t) => ({ k: t.k / m, atom: t.atom })),
    (x.constant - offset) / m,
  );
  const rest = form(
    x.terms.filter((t) => t.k % m !== 0),
    offset,
  );
  if (rest.lo >= 0 && rest.hi < m) return { quotient: multiple, remainder: rest };
  // Circom's \ and % are those of non-negative numbers: take the rest alone only if it is one.
  const [base, dividend] = rest.lo >= 0 ? [multiple, rest] : [constantIndex(0), x];
  const text = showIndex(dividend);
  const bare = isAtomic(dividend) ? text : `(${text})`;
  const hi = Math.floor(dividend.hi / m);
  return {
    quotient: addIndex(base, atomIndex(`(${bare} \\ ${m})`, 0, Math.max(0, hi))),
    remainder: atomIndex(`(${bare} % ${m})`, 0, m - 1),
  };
}

function isAtomic(x: Index): boolean {
  return (x.terms.length === 0 && x.constant >= 0) || (x.terms.length === 1 && x.terms[0]!.k === 1 && x.constant === 0);
}

/** Circom text; a sum prints without parentheses around it. */
export function showIndex(x: Index): string {
  const parts: string[] = [];
  const add = (negative: boolean, text: string): void => {
    if (parts.length === 0) parts.push(negative ? `-${text}` : text);
    else parts.push(negative ? ` - ${text}` : ` + ${text}`);
  };
  // A positive part first, so that no text begins with a sign where that can be avoided.
  const ordered = [...x.terms.filter((t) => t.k > 0), ...x.terms.filter((t) => t.k < 0)];
  if (x.constant > 0 && !ordered.some((t) => t.k > 0)) add(false, String(x.constant));
  for (const { k, atom } of ordered) {
    const text = trimmed(atom.text);
    add(
      k < 0,
      Math.abs(k) === 1
        ? ordered.length === 1 && x.constant === 0
          ? text
          : atom.text
        : `${Math.abs(k)} * ${atom.text}`,
    );
  }
  if (parts.length === 0) return String(x.constant);
  if (x.constant < 0 || (x.constant > 0 && x.terms.some((t) => t.k > 0)))
    add(x.constant < 0, String(Math.abs(x.constant)));
  return parts.join('');
}

/** An atom alone needs no parentheses of its own. */
function trimmed(text: string): string {
  return text.startsWith('(') && text.endsWith(')') ? text.slice(1, -1) : text;
}
