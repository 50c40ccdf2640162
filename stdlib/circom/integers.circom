// Functions over signed integers: for hints (values assigned with <--), sizes and sums. None of them adds a constraint.
pragma circom 2.2.0;

// Quotient rounded to minus infinity; d >= 1. Zero for d = 0, which no constraint accepts.
function floorDiv(x, d) {
  if (d == 0) {
    return 0;
  }
  if (x < 0) {
    return -((d - 1 - x) \ d);
  }
  return x \ d;
}

// Number of bits of x >= 0; 0 for 0.
function bitLength(x) {
  var n = 0;
  while (x > 0) {
    x >>= 1;
    n++;
  }
  return n;
}

// Floor of the square root; zero for x < 0. Newton's method from above: 2^127 exceeds every root.
function integerSqrt(x) {
  if (x <= 0) {
    return 0;
  }
  var root = 1 << 127;
  var next = (root + x \ root) >> 1;
  while (next < root) {
    root = next;
    next = (root + x \ root) >> 1;
  }
  return root;
}

// Position of the first largest of n values.
function firstMaximum(n, values) {
  var best = 0;
  for (var i = 1; i < n; i++) {
    if (values[i] > values[best]) {
      best = i;
    }
  }
  return best;
}

// Position of the last largest of n values.
function lastMaximum(n, values) {
  var best = 0;
  for (var i = 1; i < n; i++) {
    if (values[i] >= values[best]) {
      best = i;
    }
  }
  return best;
}

// Number of values that come before values[at] in falling order; among equals the lower position comes first.
function rankOf(n, values, at) {
  var rank = 0;
  for (var i = 0; i < n; i++) {
    if (values[i] > values[at]) {
      rank++;
    }
    if (values[i] == values[at] && i < at) {
      rank++;
    }
  }
  return rank;
}

// Sum of n terms, added in pairs: the compiler copies a sum at each addition, so that long sums must not grow one by one.
function sumOf(n, terms) {
  for (var gap = 1; gap < n; gap *= 2) {
    for (var i = 0; i + gap < n; i += 2 * gap) {
      terms[i] += terms[i + gap];
    }
  }
  return terms[0];
}
