# Shared by the PyTorch scripts: a deterministic training loop for classifiers and the export to ONNX.
"""One thread and fixed seeds, so that a rerun gives the same weights on the same processor and versions."""

import io
import warnings
from collections.abc import Callable

import numpy as np
import onnx
import torch
from torch import nn

OPSET = 17


def train_classifier(
    model: nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int,
    epochs: int,
    learning_rate: float,
    weight_decay: float,
    augment: Callable[[torch.Tensor, torch.Generator], torch.Tensor],
) -> None:
    """Trains `model` in place with AdamW, a one-cycle learning rate and label smoothing, batches of 64."""
    generator = torch.Generator().manual_seed(seed)
    inputs, targets = torch.from_numpy(images), torch.from_numpy(labels)
    batch = 64
    batches = len(inputs) // batch
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=epochs * batches)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for step in range(batches):
            chosen = order[step * batch : (step + 1) * batch]
            optimizer.zero_grad()
            loss_of(model(augment(inputs[chosen], generator)), targets[chosen]).backward()
            optimizer.step()
            schedule.step()
    model.eval()


def prepare(seed: int) -> None:
    """Makes PyTorch deterministic; call before the model is built, since building draws its weights."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def to_onnx(model: nn.Module, sample_shape: tuple[int, ...]) -> onnx.ModelProto:
    """Exports with batch 1, keeping BatchNormalization as its own node (the exporter would fold it in EVAL mode)."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model,
            (torch.zeros(1, *sample_shape),),
            buffer,
            dynamo=False,
            input_names=["input"],
            output_names=["logits"],
            opset_version=OPSET,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
    return onnx.load_from_string(buffer.getvalue())
