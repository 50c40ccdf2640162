// Tables of a small domain, without lookup arguments: polynomials in the bits of the key.
pragma circom 2.2.0;

include "bits.circom";
include "integers.circom";

// values[c][x - lo] for each column c; proves that x lies in [lo, lo + size - 1], where size > 1.
//
// A function of bits is a multilinear polynomial in them. For the `low` lowest bits its monomials are signals, so that each
// of the 2^high sub-tables is a linear combination of monomials. The high bits then fold the sub-tables in pairs, from the
// top: f = f0 + bit * (f1 - f0). In all 2^low - low - 1 products, and 2^high - 1 per column.
template Table(lo, size, low, columns, values) {
  signal input x;
  signal output out[columns];
  var n = bitLength(size - 1);
  var high = n - low;
  var part = 1 << low;
  signal bits[n] <== Bits(n, lo)(x);
  if (size != 1 << n) {
    signal beyond <== Exceeds(n, size - 1)(bits);
    beyond === 0;
  }

  // product[m]: the product of the low bits in the mask m > 0.
  signal product[part];
  for (var i = 0; i < low; i++) {
    product[1 << i] <== bits[i];
    for (var m = 1; m < 1 << i; m++) {
      product[(1 << i) + m] <== bits[i] * product[m];
    }
  }

  signal folded[columns][high][1 << high];
  for (var c = 0; c < columns; c++) {
    var table[1 << high];
    for (var j = 0; j < 1 << high; j++) {
      // From values on subsets of the bits to coefficients of monomials. Keys beyond the table repeat its last value.
      var coefficient[part];
      for (var m = 0; m < part; m++) {
        var at = j * part + m;
        coefficient[m] = values[c][at < size ? at : size - 1];
      }
      for (var i = 0; i < low; i++) {
        for (var m = 0; m < part; m++) {
          if (((m >> i) & 1) == 1) {
            coefficient[m] -= coefficient[m - (1 << i)];
          }
        }
      }
      table[j] = coefficient[0];
      for (var m = 1; m < part; m++) {
        table[j] += coefficient[m] * product[m];
      }
    }
    for (var k = high - 1; k >= 0; k--) {
      for (var j = 0; j < 1 << k; j++) {
        folded[c][k][j] <== table[j] + bits[low + k] * (table[j + (1 << k)] - table[j]);
        table[j] = folded[c][k][j];
      }
    }
    out[c] <== table[0];
  }
}
