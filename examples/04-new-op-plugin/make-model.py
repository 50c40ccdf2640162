# Writes model.onnx: two linear layers with HardSigmoid between them, weights from a fixed seed. Needs the package onnx.
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

rng = np.random.default_rng(4)


def weights(name: str, *shape: int):
    return numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), name)


graph = helper.make_graph(
    [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["hidden"], name="fc1"),
        helper.make_node("HardSigmoid", ["hidden"], ["gates"], name="gate", alpha=0.25, beta=0.5),
        helper.make_node("Gemm", ["gates", "w2", "b2"], ["y"], name="fc2"),
    ],
    "hard_sigmoid_example",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
    [weights("w1", 4, 8), weights("b1", 8), weights("w2", 8, 3), weights("b2", 3)],
)
model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
save(model, Path(__file__).with_name("model.onnx"))
