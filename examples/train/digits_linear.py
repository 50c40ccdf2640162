# Trains examples/models/digits-linear: logistic regression with scikit-learn, 64 pixels to 10 scores.
"""Exported as MatMul and Add with a dynamic batch. Its scores are the log-odds: the largest names the class."""

import numpy as np
import onnx
from onnx import helper
from sklearn.linear_model import LogisticRegression

import digits
import model_folder
import onnx_graph

SEED = 5
COPIES = 4
NOISE = 0.1


def to_onnx(classifier: LogisticRegression) -> onnx.ModelProto:
    """Returns `logits = input x weights + bias`."""
    nodes = [
        helper.make_node("MatMul", ["input", "weights"], ["product"], name="scores"),
        helper.make_node("Add", ["product", "bias"], ["logits"], name="add_bias"),
    ]
    initializers = [
        onnx_graph.initializer("weights", classifier.coef_.T),
        onnx_graph.initializer("bias", classifier.intercept_),
    ]
    return onnx_graph.model(
        "digits_linear", nodes, initializers, inputs=("input", 64), outputs=("logits", 10)
    )


def main() -> None:
    data = digits.load()
    random = np.random.default_rng(SEED)
    # Noisy copies widen the margins, so that rounding weights and pixels to 8 bits changes few classes.
    noisy = [data.train_images + NOISE * random.standard_normal(data.train_images.shape) for _ in range(COPIES)]
    classifier = LogisticRegression(C=2.0, max_iter=1000)
    classifier.fit(np.concatenate(noisy), np.tile(data.train_labels, COPIES))
    outputs = model_folder.write(
        "digits-linear",
        to_onnx(classifier),
        data.train_images,
        data.heldout_images,
        {"label": data.heldout_labels},
    )
    model_folder.report_accuracy(outputs, data.heldout_labels)


if __name__ == "__main__":
    main()
