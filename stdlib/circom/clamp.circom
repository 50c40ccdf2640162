// Clamps and signs, read off the bits of the key.
pragma circom 2.2.0;

include "bits.circom";
include "integers.circom";

// min(u, most) for the number u with the given bits, but 0 where `negative` is 1 (not asked unless `signed`). With inside = 1
// if u is neither negative nor above `most`: inside * u, plus `most` if neither inside nor negative.
template Saturate(n, most, signed) {
  signal input bits[n];
  signal input negative;
  signal output out;
  var length = bitLength(most);
  var low = length < n ? length : n;
  var number = 0;
  for (var i = 0; i < low; i++) {
    number += (1 << i) * bits[i];
  }
  // Reasons to saturate: the sign, a bit that `most` does not have, or the bits that it has exceeding it.
  var exceedable = length <= n && most + 1 != 1 << length ? 1 : 0;
  var reasons = signed + n - low + exceedable;
  if (reasons == 0) {
    out <== number;
  } else {
    component any = AnyOf(reasons);
    for (var i = low; i < n; i++) {
      any.in[i - low] <== bits[i];
    }
    if (signed == 1) {
      any.in[n - low] <== negative;
    }
    if (exceedable == 1) {
      component above = Exceeds(low, most);
      for (var i = 0; i < low; i++) {
        above.bits[i] <== bits[i];
      }
      any.in[reasons - 1] <== above.out;
    }
    out <== (1 - any.out) * number + most * (any.out - signed * negative);
  }
}

// min(x, hi); proves that x lies in [lo, lo + 2^n - 1].
template ClampAbove(n, lo, hi) {
  signal input x;
  signal output out;
  signal bits[n] <== Bits(n, lo)(x);
  signal saturated <== Saturate(n, hi - lo, 0)(bits, 0);
  out <== lo + saturated;
}

// min(max(x, lo), hi); proves that x lies in [lo - 2^n, lo + 2^n - 1].
template Clamp(n, lo, hi) {
  signal input x;
  signal output out;
  signal bits[n];
  signal negative;
  (bits, negative) <== SignedBits(n, lo)(x);
  signal saturated <== Saturate(n, hi - lo, 1)(bits, negative);
  out <== lo + saturated;
}

// 1 if x < 0, else 0; proves that x lies in [-2^n, 2^n - 1].
template Sign(n) {
  signal input x;
  signal output out;
  signal bits[n];
  (bits, out) <== SignedBits(n, 0)(x);
}
