// Constants of the circuit: weights and tables.
pragma circom 2.2.0;

function fc1_Gemm_matmul_weights() {
  return [
    [-89, -52, -15, 22],
    [59, 96, -68, -31],
    [6, 43, 80, -84],
    [-47, -10, 27, 64],
    [-100, -63, -26, 11],
    [48, 85, -79, -42]
  ];
}
