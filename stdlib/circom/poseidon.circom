// Poseidon (Grassi, Khovratovich, Rechberger, Roy, Schofnegger, USENIX Security 2021) and the commitment to a tensor with it.
pragma circom 2.2.0;

include "poseidon-constants.circom";

// The permutation with S-box x^5: full rounds half before and half after the partial ones. What lies between two S-boxes is
// linear and stays an expression: three rows per S-box.
template Poseidon(width, fullRounds, partialRounds) {
  signal input in[width];
  signal output out[width];
  var rounds = fullRounds + partialRounds;
  var constants[rounds * width] = poseidonConstants();
  var matrix[width][width] = poseidonMatrix();
  signal square[rounds][width];
  signal fourth[rounds][width];
  signal fifth[rounds][width];
  var state[width];
  for (var i = 0; i < width; i++) {
    state[i] = in[i];
  }
  for (var r = 0; r < rounds; r++) {
    var full = r < fullRounds \ 2 || r >= fullRounds \ 2 + partialRounds;
    for (var i = 0; i < width; i++) {
      state[i] += constants[r * width + i];
      if (full || i == 0) {
        square[r][i] <== state[i] * state[i];
        fourth[r][i] <== square[r][i] * square[r][i];
        fifth[r][i] <== fourth[r][i] * state[i];
        state[i] = fifth[r][i];
      }
    }
    var mixed[width];
    for (var i = 0; i < width; i++) {
      for (var j = 0; j < width; j++) {
        mixed[i] += matrix[i][j] * state[j];
      }
    }
    state = mixed;
  }
  for (var i = 0; i < width; i++) {
    out[i] <== state[i];
  }
}

// Commitment to `count` integers: x - lo, in `bits` bits each, low first, `perElement` to a field element; the blinding
// element and the packed ones are absorbed by a sponge whose capacity starts at `tag`.
template Commitment(count, lo, bits, perElement, tag) {
  signal input x[count];
  signal input blinding;
  signal output out;
  var width = 9;
  var rate = width - 1;
  var length = 1 + (count + perElement - 1) \ perElement;
  var blocks = (length + rate - 1) \ rate;

  signal stream[length];
  stream[0] <== blinding;
  for (var k = 1; k < length; k++) {
    var packed = 0;
    for (var i = 0; i < perElement; i++) {
      var at = (k - 1) * perElement + i;
      if (at < count) {
        packed += (1 << (bits * i)) * (x[at] - lo);
      }
    }
    stream[k] <== packed;
  }

  component permutation[blocks];
  for (var b = 0; b < blocks; b++) {
    permutation[b] = Poseidon(width, 8, 63);
    for (var i = 0; i < width; i++) {
      var state = 0;
      if (b > 0) {
        state = permutation[b - 1].out[i];
      } else if (i == 0) {
        state = tag;
      }
      if (i > 0 && b * rate + i - 1 < length) {
        state += stream[b * rate + i - 1];
      }
      permutation[b].in[i] <== state;
    }
  }
  out <== permutation[blocks - 1].out[1];
}
