# Trains examples/models/digits-mlp: 64 pixels, 32 hidden units with Relu, 10 scores.
"""The smallest model of the set; its circuit is made and proven within seconds."""

from collections import OrderedDict

import torch
from torch import nn

import digits
import model_folder
import torch_training

SEED = 7


def with_noise(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Adds pixel noise of a tenth of the range: it widens the margins, so that rounding changes few classes."""
    return images + 0.1 * torch.randn(images.shape, generator=generator)


def main() -> None:
    data = digits.load()
    torch_training.prepare(SEED)
    model = nn.Sequential(
        OrderedDict(hidden=nn.Linear(64, 32), activation=nn.ReLU(), classifier=nn.Linear(32, 10))
    )
    torch_training.train_classifier(
        model,
        data.train_images,
        data.train_labels,
        seed=SEED,
        epochs=100,
        learning_rate=0.01,
        weight_decay=0.01,
        augment=with_noise,
    )
    outputs = model_folder.write(
        "digits-mlp",
        torch_training.to_onnx(model, (64,)),
        data.train_images,
        data.heldout_images,
        {"label": data.heldout_labels},
    )
    model_folder.report_accuracy(outputs, data.heldout_labels)


if __name__ == "__main__":
    main()
