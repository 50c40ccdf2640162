# Writes one folder of examples/models: the model, a test vector, calibration data and held-out data.
"""Every training script ends here, so that all example folders have the same files in the same layout."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

MODELS = Path(__file__).resolve().parent.parent / "models"
CALIBRATION_SAMPLES = 128
CALIBRATION_SEED = 128


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Returns a copy without the exporter's notes: they hold paths and line numbers of the exporting machine."""
    clean = onnx.ModelProto()
    clean.CopyFrom(model)
    clean.doc_string = ""
    del clean.metadata_props[:]
    for node in clean.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*clean.graph.input, *clean.graph.output, *clean.graph.value_info, *clean.graph.initializer):
        value.doc_string = ""
        del value.metadata_props[:]
    return clean


def run(model: onnx.ModelProto, samples: np.ndarray) -> np.ndarray:
    """Returns the float outputs for `samples` [N, ...], one sample a run, as a proof takes them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: samples[i : i + 1]})[0] for i in range(len(samples))])


def write_tensor(path: Path, array: np.ndarray, name: str) -> None:
    """Writes one ONNX TensorProto, the form of ONNX's own test data sets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(numpy_helper.from_array(array, name).SerializeToString())


def write(
    name: str, model: onnx.ModelProto, train: np.ndarray, heldout: np.ndarray, truth: dict[str, np.ndarray]
) -> np.ndarray:
    """Writes `examples/models/<name>` and returns the model's outputs on the held-out samples.

    `train` and `heldout` are float32 [samples, ...]: axis 0 counts samples and stands in the place of the
    model's batch axis. `truth` is stored beside the held-out samples (`label` for classes, `target` for values).
    """
    clean = without_traces(model)
    onnx.checker.check_model(clean, full_check=True)
    input_name = clean.graph.input[0].name
    output_name = clean.graph.output[0].name
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(clean.SerializeToString(deterministic=True))

    outputs = run(clean, heldout)
    write_tensor(folder / "test_data_set_0" / "input_0.pb", heldout[:1], input_name)
    write_tensor(folder / "test_data_set_0" / "output_0.pb", outputs[:1], output_name)
    np.savez_compressed(folder / "heldout.npz", **{input_name: heldout}, **truth)
    chosen = np.random.default_rng(CALIBRATION_SEED).choice(len(train), CALIBRATION_SAMPLES, replace=False)
    np.savez_compressed(folder / "calibration.npz", **{input_name: train[np.sort(chosen)]})

    size = (folder / "model.onnx").stat().st_size
    print(f"{name}: {size} bytes, opset {clean.opset_import[0].version}, IR {clean.ir_version}")
    print("  " + " ".join(node.op_type for node in clean.graph.node))
    return outputs


def report_accuracy(outputs: np.ndarray, labels: np.ndarray) -> None:
    """Prints the share of held-out samples whose largest score is the true class."""
    right = int((outputs.argmax(axis=1) == labels).sum())
    print(f"  held-out accuracy {100 * right / len(labels):.2f} % ({right} of {len(labels)})")
