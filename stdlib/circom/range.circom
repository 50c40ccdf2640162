// Proofs that an integer lies in an interval.
pragma circom 2.2.0;

include "integers.circom";

// Proves that x lies in [lo, hi], lo < hi, by n + 1 rows for an interval that n bits number. The last bit weighs what is
// missing to hi: the sums with and without it overlap or touch, so that together they are all of [lo, hi] and nothing else.
template Range(lo, hi) {
  signal input x;
  var n = bitLength(hi - lo);
  var half = 1 << (n - 1);
  var top = hi - lo - half + 1;
  signal bits[n];
  bits[n - 1] <-- x - lo >= half;
  var value = lo + top * bits[n - 1];
  for (var i = 0; i < n - 1; i++) {
    bits[i] <-- ((x - lo - top * bits[n - 1]) >> i) & 1;
    value += (1 << i) * bits[i];
  }
  for (var i = 0; i < n; i++) {
    bits[i] * (bits[i] - 1) === 0;
  }
  x === value;
}
