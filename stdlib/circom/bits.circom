// Bits of integers, and what proofs of range, clamps and tables read off them. Every signal is determined by the inputs.
pragma circom 2.2.0;

// The n bits of x - lo, lowest first: proves that x lies in [lo, lo + 2^n - 1].
template Bits(n, lo) {
  signal input x;
  signal output bits[n];
  var value = lo;
  for (var i = 0; i < n; i++) {
    bits[i] <-- ((x - lo) >> i) & 1;
    bits[i] * (bits[i] - 1) === 0;
    value += (1 << i) * bits[i];
  }
  x === value;
}

// x - lo in two's complement: proves that x lies in [lo - 2^n, lo + 2^n - 1]; `negative` is 1 if x < lo, else 0.
template SignedBits(n, lo) {
  signal input x;
  signal output bits[n];
  signal output negative;
  var value = lo;
  for (var i = 0; i < n; i++) {
    bits[i] <-- ((x - lo + (1 << n)) >> i) & 1;
    bits[i] * (bits[i] - 1) === 0;
    value += (1 << i) * bits[i];
  }
  negative <-- x < lo;
  negative * (negative - 1) === 0;
  x === value - (1 << n) * negative;
}

// 1 if any of n booleans is 1, else 0. Four at most: by the polynomial of their number that is 0 at 0 and 1 at 1 to 4.
// More: by an inverse of their number, which is fixed to 0 where it would be free.
template AnyOf(n) {
  signal input in[n];
  signal output out;
  var count = 0;
  for (var i = 0; i < n; i++) {
    count += in[i];
  }
  if (n == 1) {
    out <== in[0];
  } else if (n == 2) {
    out <== 1 - (1 - in[0]) * (1 - in[1]);
  } else if (n <= 4) {
    signal factor <== (1 - count) * (4 - count);
    out <== 1 - factor * ((factor + 2) / 24);
  } else {
    signal inverse <-- count == 0 ? 0 : 1 / count;
    out <-- count != 0;
    count * inverse === out;
    count * (1 - out) === 0;
    inverse * (1 - out) === 0;
  }
}

// 1 if all of n booleans are 1, else 0, n > 1: none of their complements is 1.
template AllOf(n) {
  signal input in[n];
  signal output out;
  var missing = n;
  for (var i = 0; i < n; i++) {
    missing -= in[i];
  }
  if (n == 2) {
    out <== in[0] * in[1];
  } else if (n <= 4) {
    signal factor <== (1 - missing) * (4 - missing);
    out <== factor * ((factor + 2) / 24);
  } else {
    signal inverse <-- missing == 0 ? 0 : 1 / missing;
    out <-- missing == 0;
    missing * inverse === 1 - out;
    missing * out === 0;
    inverse * out === 0;
  }
}

// 1 if the number with the given bits exceeds the constant `bound` < 2^n - 1, else 0. Upwards over runs of equal bits of the bound,
// from its lowest zero: at a run of zeros the number exceeds if a bit is set or it exceeds below; at a run of ones if all
// bits are set and it exceeds below.
template Exceeds(n, bound) {
  signal input bits[n];
  signal output out;
  component any[n];
  component all[n];
  signal above[n + 1];
  var from = 0;
  while (from < n && ((bound >> from) & 1) == 1) {
    from++;
  }
  var first = from;
  while (from < n) {
    var bit = (bound >> from) & 1;
    var length = 1;
    while (from + length < n && ((bound >> (from + length)) & 1) == bit) {
      length++;
    }
    var inputs = from == first ? length : length + 1;
    if (bit == 0) {
      any[from] = AnyOf(inputs);
      for (var i = 0; i < length; i++) {
        any[from].in[i] <== bits[from + i];
      }
      if (from != first) {
        any[from].in[length] <== above[from];
      }
      above[from + length] <== any[from].out;
    } else {
      all[from] = AllOf(inputs);
      for (var i = 0; i < length; i++) {
        all[from].in[i] <== bits[from + i];
      }
      all[from].in[length] <== above[from];
      above[from + length] <== all[from].out;
    }
    from += length;
  }
  out <== above[n];
}
