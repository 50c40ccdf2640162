# Trains examples/models/sensor-regression: a gas concentration from six drifting sensor readings.
"""Generated data and scikit-learn's MLPRegressor with Tanh, exported by hand: a regression without classes.

A metal-oxide gas sensor's resistance falls with the concentration by a power law, but also depends on
temperature and humidity and drifts with age. The model recovers the concentration from the raw readings.
"""

import numpy as np
import onnx
from onnx import helper
from sklearn.neural_network import MLPRegressor

import model_folder
import onnx_graph

SEED = 3
SAMPLES = 2000
READINGS = 6
HIDDEN = 16


def readings(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns readings, float32 [samples, 6], and the concentration, float32 [samples, 1]; all around [0, 1]."""
    gas, temperature, humidity, age = random.uniform(size=(4, SAMPLES))
    climate = 1.0 + 0.25 * (0.5 - temperature) + 0.2 * (0.5 - humidity)
    exponents = np.array([0.4, 0.6, 0.8])  # three sensor elements of different sensitivity
    resistance = climate[:, None] * (1.0 - 0.1 * age[:, None]) * (1.0 + 9.0 * gas[:, None]) ** -exponents
    noisy = resistance + 0.005 * random.standard_normal(resistance.shape)
    measured = np.column_stack([noisy, temperature, humidity, age])
    return measured.astype(np.float32), gas[:, None].astype(np.float32)


def to_onnx(regressor: MLPRegressor) -> onnx.ModelProto:
    """Returns `concentration = tanh(readings x w1 + b1) x w2 + b2`."""
    (first, second), (first_bias, second_bias) = regressor.coefs_, regressor.intercepts_
    nodes = [
        helper.make_node("Gemm", ["readings", "hidden.weight", "hidden.bias"], ["hidden"], name="hidden"),
        helper.make_node("Tanh", ["hidden"], ["activation"], name="activation"),
        helper.make_node("Gemm", ["activation", "output.weight", "output.bias"], ["concentration"], name="output"),
    ]
    initializers = [
        onnx_graph.initializer("hidden.weight", first),
        onnx_graph.initializer("hidden.bias", first_bias),
        onnx_graph.initializer("output.weight", second),
        onnx_graph.initializer("output.bias", second_bias),
    ]
    return onnx_graph.model(
        "sensor_regression", nodes, initializers, inputs=("readings", READINGS), outputs=("concentration", 1)
    )


def main() -> None:
    measured, concentration = readings(np.random.default_rng(SEED))
    held_out = SAMPLES // 5  # the samples are independent, so the last fifth is as good as any
    train, heldout = measured[:-held_out], measured[-held_out:]
    # alpha keeps the weights small, so that 8-bit rounding is not amplified; less of it fits slightly better.
    regressor = MLPRegressor(
        hidden_layer_sizes=(HIDDEN,), activation="tanh", alpha=0.1, solver="lbfgs", max_iter=2000, random_state=SEED
    )
    regressor.fit(train, concentration[:-held_out, 0])
    target = concentration[-held_out:]
    outputs = model_folder.write("sensor-regression", to_onnx(regressor), train, heldout, {"target": target})
    error = outputs - target
    explained = 1 - float((error**2).sum() / ((target - target.mean()) ** 2).sum())
    print(f"  held-out mean absolute error {np.abs(error).mean():.4f}, R2 {explained:.4f}")


if __name__ == "__main__":
    main()
