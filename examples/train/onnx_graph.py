# Builds ONNX models by hand, for estimators that have no exporter of their own (scikit-learn's).
"""The batch axis is named `batch`: these models are compiled with `--dim batch=1`."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IR_VERSION = 8
OPSET = 17


def initializer(name: str, array: np.ndarray) -> onnx.TensorProto:
    """Returns a float32 initializer."""
    return numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name)


def model(
    name: str,
    nodes: list[onnx.NodeProto],
    initializers: list[onnx.TensorProto],
    *,
    inputs: tuple[str, int],
    outputs: tuple[str, int],
) -> onnx.ModelProto:
    """Returns a model from float32 [batch, width] to float32 [batch, width], each given as (name, width)."""
    (input_name, input_width), (output_name, output_width) = inputs, outputs
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["batch", input_width])],
        [helper.make_tensor_value_info(output_name, TensorProto.FLOAT, ["batch", output_width])],
        initializers,
    )
    return helper.make_model(
        graph, producer_name="zkmlc-examples", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
