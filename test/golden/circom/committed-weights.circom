// Model "committed-weights" as an arithmetic circuit, emitted by zkmlc. Tensors are whole numbers, row-major.
pragma circom 2.2.0;

include "constants.circom";
include "zkmlc/clamp.circom";
include "zkmlc/integers.circom";
include "zkmlc/poseidon.circom";
include "zkmlc/range.circom";
include "zkmlc/table.circom";

// sigmoid for x in [-64, 63]
template SigmoidTable() {
  signal input x;
  signal output out;
  signal values[1] <== Table(-64, 128, 4, 1, SigmoidTable_values())(x);
  out <== values[0];
}

// matmul of "gate"
template Matmul_gate() {
  signal input x1[2][3];  // in [-50, 50]
  signal input x2[3];  // in [-100, 100]
  signal output out[2];  // in [-15000, 15000]

  signal product[2][3];
  for (var i = 0; i < 2; i++) {
    var acc = 0;
    for (var j = 0; j < 3; j++) {
      product[i][j] <== x1[i][j] * x2[j];
      acc += product[i][j];
    }
    out[i] <== acc;
  }
}

// requant of "gate"
template Requant_gate() {
  signal input x[2];  // in [-15000, 15000]
  signal output out[2];  // in [2, 126]

  signal quotient[2];
  signal remainder[2];
  // requant: quotient in [-576, 447] (proved below), remainder in [0, 63]
  for (var i = 0; i < 2; i++) {
    var value = x[i] + 32;
    quotient[i] <-- floorDiv(value, 64);
    remainder[i] <-- value - 64 * quotient[i];
    Range(0, 63)(remainder[i]);
  }
  // requant.identity
  for (var i = 0; i < 2; i++) {
    x[i] + 32 - 64 * quotient[i] - remainder[i] === 0;
  }
  // requant.clamp
  signal clamped[2];
  for (var i = 0; i < 2; i++) {
    clamped[i] <== Clamp(9, -64, 63)(quotient[i]);
  }
  // sigmoid
  for (var i = 0; i < 2; i++) {
    out[i] <== SigmoidTable()(clamped[i]);
  }
}

template Model() {
  signal input x[3];  // public, in [-100, 100]
  signal input w[2][3];  // committed, in [-50, 50]
  signal output gate_commitment;
  signal output w_commitment;
  signal input gate_blinding;
  signal input w_blinding;

  // w in [-50, 50]
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 3; j++) {
      Range(-50, 50)(w[i][j]);
    }
  }
  // matmul of "gate"
  signal gate_matmul[2] <== Matmul_gate()(w, x);
  // requant of "gate"
  signal gate_requant[2] <== Requant_gate()(gate_matmul);
  // commitment to "gate"
  signal gate_flat[2];
  for (var i = 0; i < 2; i++) {
    gate_flat[i] <== gate_requant[i];
  }
  gate_commitment <== Commitment(2, 2, 7, 35, 248073239975550597437166055694355954917086681377296581095572745155474002939)(gate_flat, gate_blinding);
  // commitment to "w"
  signal w_flat[6];
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 3; j++) {
      w_flat[3 * i + j] <== w[i][j];
    }
  }
  w_commitment <== Commitment(6, -50, 7, 35, 350311374023778808343030111586666207148041577565852548795116725130572259371)(w_flat, w_blinding);
}

component main {public [x]} = Model();
