// Model "residual-cnn" as an arithmetic circuit, emitted by zkmlc. Tensors are whole numbers, row-major.
pragma circom 2.2.0;

include "constants.circom";
include "zkmlc/clamp.circom";
include "zkmlc/integers.circom";
include "zkmlc/range.circom";

// conv of "/block1/Conv"
template Conv_block1_Conv() {
  signal input x[1][2][4][4];  // in [0, 255]
  signal output out[1][2][4][4];  // in [-79815, 75735]

  var weights[2][2][3][3] = block1_Conv_conv_weights();
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        var acc = 0;
        for (var l = 0; l < 2; l++) {
          for (var m = 0; m < 3; m++) {
            for (var n = 0; n < 3; n++) {
              if (k + n - 1 >= 0 && k + n - 1 < 4 && j + m - 1 >= 0 && j + m - 1 < 4) {
                acc += x[0][l][j + m - 1][k + n - 1] * weights[i][l][m][n];
              }
            }
          }
        }
        out[0][i][j][k] <== acc;
      }
    }
  }
}

// requant of "/block1/Relu"
template Requant_block1_Relu() {
  signal input x[1][2][4][4];  // in [-79815, 75735]
  signal output out[1][2][4][4];  // in [0, 127]

  signal quotient[1][2][4][4];
  signal remainder[1][2][4][4];
  // requant: quotient in [-256, 255] (proved below), remainder in [0, 511]
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        var value = x[0][i][j][k] + 256;
        quotient[0][i][j][k] <-- floorDiv(value, 512);
        remainder[0][i][j][k] <-- value - 512 * quotient[0][i][j][k];
        Range(0, 511)(remainder[0][i][j][k]);
      }
    }
  }
  // requant.identity
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        x[0][i][j][k] + 256 - 512 * quotient[0][i][j][k] - remainder[0][i][j][k] === 0;
      }
    }
  }
  // requant.clamp
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        out[0][i][j][k] <== Clamp(8, 0, 127)(quotient[0][i][j][k]);
      }
    }
  }
}

// conv of "/block2/Conv"
template Conv_block2_Conv() {
  signal input x[1][2][4][4];  // in [0, 127]
  signal output out[1][2][4][4];  // in [-39751, 37719]

  var weights[2][2][3][3] = block1_Conv_conv_weights();
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        var acc = 0;
        for (var l = 0; l < 2; l++) {
          for (var m = 0; m < 3; m++) {
            for (var n = 0; n < 3; n++) {
              if (k + n - 1 >= 0 && k + n - 1 < 4 && j + m - 1 >= 0 && j + m - 1 < 4) {
                acc += x[0][l][j + m - 1][k + n - 1] * weights[i][l][m][n];
              }
            }
          }
        }
        out[0][i][j][k] <== acc;
      }
    }
  }
}

// requant of "/block2/Relu"
template Requant_block2_Relu() {
  signal input x[1][2][4][4];  // in [-39751, 37719]
  signal output out[1][2][4][4];  // in [0, 74]

  signal quotient[1][2][4][4];
  signal remainder[1][2][4][4];
  // requant: quotient in [-128, 127] (proved below), remainder in [0, 511]
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        var value = x[0][i][j][k] + 256;
        quotient[0][i][j][k] <-- floorDiv(value, 512);
        remainder[0][i][j][k] <-- value - 512 * quotient[0][i][j][k];
        Range(0, 511)(remainder[0][i][j][k]);
      }
    }
  }
  // requant.identity
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        x[0][i][j][k] + 256 - 512 * quotient[0][i][j][k] - remainder[0][i][j][k] === 0;
      }
    }
  }
  // requant.clamp
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        out[0][i][j][k] <== Clamp(7, 0, 127)(quotient[0][i][j][k]);
      }
    }
  }
}

// add of "/Add"
template Add_Add() {
  signal input x1[1][2][4][4];  // in [0, 127]
  signal input x2[1][2][4][4];  // in [0, 74]
  signal output out[1][2][4][4];  // in [0, 201]

  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        out[0][i][j][k] <== x1[0][i][j][k] + x2[0][i][j][k];
      }
    }
  }
}

// requant of "/Add"
template Requant_Add() {
  signal input x[1][2][4][4];  // in [0, 201]
  signal output out[1][2][4][4];  // in [0, 101]

  signal remainder[1][2][4][4];
  // requant: quotient in [0, 127], remainder in [0, 1]
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        var value = x[0][i][j][k] + 1;
        out[0][i][j][k] <-- floorDiv(value, 2);
        remainder[0][i][j][k] <-- value - 2 * out[0][i][j][k];
        Range(0, 127)(out[0][i][j][k]);
        remainder[0][i][j][k] * (remainder[0][i][j][k] - 1) === 0;
      }
    }
  }
  // requant.identity
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 4; j++) {
      for (var k = 0; k < 4; k++) {
        x[0][i][j][k] + 1 - 2 * out[0][i][j][k] - remainder[0][i][j][k] === 0;
      }
    }
  }
}

// max_pool of "/MaxPool"
template MaxPool_MaxPool() {
  signal input x[1][2][4][4];  // in [0, 101]
  signal output out[1][2][2][2];  // in [0, 101]

  // max0.relu
  signal clamped[1][2][2][4][1];
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 2; j++) {
      for (var k = 0; k < 4; k++) {
        clamped[0][i][j][k][0] <== Clamp(7, 0, 127)(x[0][i][2 * j][k] - x[0][i][2 * j + 1][k]);
      }
    }
  }
  // max1.relu
  signal clamped2[1][2][2][2][1];
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 2; j++) {
      for (var k = 0; k < 2; k++) {
        clamped2[0][i][j][k][0] <== Clamp(7, 0, 127)(x[0][i][2 * j + 1][2 * k] + clamped[0][i][j][2 * k][0] - (x[0][i][2 * j + 1][2 * k + 1] + clamped[0][i][j][2 * k + 1][0]));
      }
    }
  }
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 2; j++) {
      for (var k = 0; k < 2; k++) {
        out[0][i][j][k] <== x[0][i][2 * j + 1][2 * k + 1] + clamped[0][i][j][2 * k + 1][0] + clamped2[0][i][j][k][0];
      }
    }
  }
}

// matmul of "/head/MatMul"
template Matmul_head_MatMul() {
  signal input x[1][8];  // in [0, 101]
  signal output out[1][5];  // in [-11413, 11918]

  var weights[8][5] = head_MatMul_matmul_weights();
  for (var i = 0; i < 5; i++) {
    var acc = 0;
    for (var j = 0; j < 8; j++) {
      acc += x[0][j] * weights[j][i];
    }
    out[0][i] <== acc;
  }
}

// requant of "/head"
template Requant_head() {
  signal input x[1][5];  // in [-11413, 11918]
  signal output out[1][5];  // in [-128, 127]

  signal quotient[1][5];
  signal remainder[1][5];
  // requant: quotient in [-640, 383] (proved below), remainder in [0, 63]
  for (var i = 0; i < 5; i++) {
    var value = x[0][i] + 32;
    quotient[0][i] <-- floorDiv(value, 64);
    remainder[0][i] <-- value - 64 * quotient[0][i];
    Range(0, 63)(remainder[0][i]);
  }
  // requant.identity
  for (var i = 0; i < 5; i++) {
    x[0][i] + 32 - 64 * quotient[0][i] - remainder[0][i] === 0;
  }
  // requant.clamp
  for (var i = 0; i < 5; i++) {
    out[0][i] <== Clamp(9, -128, 127)(quotient[0][i]);
  }
}

// argmax of "/ArgMax"
template Argmax_ArgMax() {
  signal input x[1][5];  // in [-128, 127]
  signal output out[1];  // in [0, 4]

  signal hot[1][5];
  // argmax
  var row[5];
  for (var i = 0; i < 5; i++) {
    row[i] = x[0][i];
  }
  var best = firstMaximum(5, row);
  for (var i = 0; i < 5; i++) {
    hot[0][i] <-- best == i;
  }
  // argmax in [0, 1]
  for (var i = 0; i < 5; i++) {
    hot[0][i] * (hot[0][i] - 1) === 0;
  }
  var total[1];
  var acc = 0;
  for (var i = 0; i < 5; i++) {
    acc += hot[0][i];
  }
  total[0] = acc;
  var combined[1];
  combined[0] = total[0] - 1;
  // argmax.one
  combined[0] === 0;
  var product[1];
  signal product2[1][5];
  var acc2 = 0;
  for (var i = 0; i < 5; i++) {
    product2[0][i] <== hot[0][i] * x[0][i];
    acc2 += product2[0][i];
  }
  product[0] = acc2;
  var weights[5][5] = ArgMax_argmax_weights();
  var product3[1][5];
  for (var i = 0; i < 5; i++) {
    var acc3 = 0;
    for (var j = 0; j < 5; j++) {
      acc3 += hot[0][j] * weights[j][i];
    }
    product3[0][i] = acc3;
  }
  var combined2[1][5];
  for (var i = 0; i < 5; i++) {
    combined2[0][i] = product[0] + product3[0][i] - x[0][i] - 1;
  }
  // argmax.order in [0, 255]
  for (var i = 0; i < 5; i++) {
    Range(0, 255)(combined2[0][i]);
  }
  var weights2[5] = [0, 1, 2, 3, 4];
  var acc4 = 0;
  for (var i = 0; i < 5; i++) {
    acc4 += hot[0][i] * weights2[i];
  }
  out[0] <== acc4;
}

template Model() {
  signal input image[1][2][4][4];  // public, in [0, 255]
  signal output class[1];  // public, in [0, 4]

  // conv of "/block1/Conv"
  signal block1_Conv_conv[1][2][4][4] <== Conv_block1_Conv()(image);
  // requant of "/block1/Relu"
  signal block1_Relu_requant[1][2][4][4] <== Requant_block1_Relu()(block1_Conv_conv);
  // conv of "/block2/Conv"
  signal block2_Conv_conv[1][2][4][4] <== Conv_block2_Conv()(block1_Relu_requant);
  // requant of "/block2/Relu"
  signal block2_Relu_requant[1][2][4][4] <== Requant_block2_Relu()(block2_Conv_conv);
  // add of "/Add"
  signal Add_add[1][2][4][4] <== Add_Add()(block1_Relu_requant, block2_Relu_requant);
  // requant of "/Add"
  signal Add_requant[1][2][4][4] <== Requant_Add()(Add_add);
  // max_pool of "/MaxPool"
  signal MaxPool_max_pool[1][2][2][2] <== MaxPool_MaxPool()(Add_requant);
  // reshape of "/Flatten"
  signal Flatten_reshape[1][8];
  for (var i = 0; i < 2; i++) {
    for (var j = 0; j < 2; j++) {
      for (var k = 0; k < 2; k++) {
        Flatten_reshape[0][4 * i + 2 * j + k] <== MaxPool_max_pool[0][i][j][k];
      }
    }
  }
  // matmul of "/head/MatMul"
  signal head_MatMul_matmul[1][5] <== Matmul_head_MatMul()(Flatten_reshape);
  // requant of "/head"
  signal head_requant[1][5] <== Requant_head()(head_MatMul_matmul);
  // argmax of "/ArgMax"
  class <== Argmax_ArgMax()(head_requant);
}

component main {public [image]} = Model();
