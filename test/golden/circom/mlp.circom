// Model "mlp" as an arithmetic circuit, emitted by zkmlc. Tensors are whole numbers, row-major.
pragma circom 2.2.0;

include "constants.circom";
include "zkmlc/clamp.circom";
include "zkmlc/integers.circom";
include "zkmlc/range.circom";

// matmul of "/fc1/Gemm"
template Matmul_fc1_Gemm() {
  signal input x[1][6];  // in [-128, 127]
  signal output out[1][4];  // in [-44547, 44559]

  var weights[6][4] = fc1_Gemm_matmul_weights();
  for (var i = 0; i < 4; i++) {
    var acc = 0;
    for (var j = 0; j < 6; j++) {
      acc += x[0][j] * weights[j][i];
    }
    out[0][i] <== acc;
  }
}

// add of "/fc1/Gemm"
template Add_fc1_Gemm() {
  signal input x[1][4];  // in [-44547, 44559]
  signal output out[1][4];  // in [-45036, 44181]

  var constant[4] = [-489, -452, -415, -378];
  for (var i = 0; i < 4; i++) {
    out[0][i] <== x[0][i] + constant[i];
  }
}

// requant of "/relu/Relu"
template Requant_relu_Relu() {
  signal input x[1][4];  // in [-45036, 44181]
  signal output out[1][4];  // in [0, 127]

  signal quotient[1][4];
  signal remainder[1][4];
  // requant: quotient in [-256, 255] (proved below), remainder in [0, 255]
  for (var i = 0; i < 4; i++) {
    var value = x[0][i] + 128;
    quotient[0][i] <-- floorDiv(value, 256);
    remainder[0][i] <-- value - 256 * quotient[0][i];
    Range(0, 255)(remainder[0][i]);
  }
  // requant.identity
  for (var i = 0; i < 4; i++) {
    x[0][i] + 128 - 256 * quotient[0][i] - remainder[0][i] === 0;
  }
  // requant.clamp
  for (var i = 0; i < 4; i++) {
    out[0][i] <== Clamp(8, 0, 127)(quotient[0][i]);
  }
}

// matmul of "/fc2/Gemm"
template Matmul_fc2_Gemm() {
  signal input x[1][4];  // in [0, 127]
  signal output out[1][3];  // in [-19939, 17653]

  var weights[4][3] = [[-89, -52, -15], [22, 59, 96], [-68, -31, 6], [43, 80, -84]];
  for (var i = 0; i < 3; i++) {
    var acc = 0;
    for (var j = 0; j < 4; j++) {
      acc += x[0][j] * weights[j][i];
    }
    out[0][i] <== acc;
  }
}

template Model() {
  signal input features[1][6];  // private, in [-128, 127]
  signal output logits[1][3];  // public, in [-19939, 17653]

  // features in [-128, 127]
  for (var i = 0; i < 6; i++) {
    Range(-128, 127)(features[0][i]);
  }
  // matmul of "/fc1/Gemm"
  signal fc1_Gemm_matmul[1][4] <== Matmul_fc1_Gemm()(features);
  // add of "/fc1/Gemm"
  signal fc1_Gemm_add[1][4] <== Add_fc1_Gemm()(fc1_Gemm_matmul);
  // requant of "/relu/Relu"
  signal relu_Relu_requant[1][4] <== Requant_relu_Relu()(fc1_Gemm_add);
  // matmul of "/fc2/Gemm"
  logits <== Matmul_fc2_Gemm()(relu_Relu_requant);
}

component main = Model();
