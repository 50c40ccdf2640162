# Writes model.onnx: four convolutions over a picture of 48 x 48, two of them around a residual. Needs the package onnx.
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

rng = np.random.default_rng(5)
SIZE = 48


def weights(name: str, *shape: int):
    return numpy_helper.from_array(rng.normal(0, 0.2, shape).astype(np.float32), name)


def convolution(name: str, x: str, y: str):
    return helper.make_node("Conv", [x, f"w_{name}"], [y], name=name, pads=[1, 1, 1, 1])


graph = helper.make_graph(
    [
        convolution("stem", "picture", "a"),
        helper.make_node("Relu", ["a"], ["b"], name="stem_relu"),
        convolution("left", "b", "c"),
        helper.make_node("Relu", ["c"], ["d"], name="left_relu"),
        convolution("right", "d", "e"),
        helper.make_node("Add", ["e", "b"], ["f"], name="join"),
        helper.make_node("Relu", ["f"], ["g"], name="join_relu"),
        helper.make_node("MaxPool", ["g"], ["h"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        convolution("head", "h", "i"),
        helper.make_node("Relu", ["i"], ["j"], name="head_relu"),
        helper.make_node("GlobalAveragePool", ["j"], ["k"], name="average"),
        helper.make_node("Flatten", ["k"], ["scores"], name="flatten"),
    ],
    "rented_example",
    [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
    [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 8])],
    [weights("w_stem", 8, 3, 3, 3), weights("w_left", 8, 8, 3, 3), weights("w_right", 8, 8, 3, 3), weights("w_head", 8, 8, 3, 3)],
)
model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
save(model, Path(__file__).with_name("model.onnx"))
