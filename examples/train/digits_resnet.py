# Trains examples/models/digits-resnet: a small residual network with convolutions and batch normalization.
"""1,536 elements pass through Relu. BatchNormalization stays in the graph: fusing it is the compiler's work."""

import torch
from torch import nn

import digits
import model_folder
import torch_training

SEED = 11


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a strided 1x1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = (
            nn.Identity()
            if inputs == outputs and stride == 1
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(inner)) + self.shortcut(x))


class ResidualNetwork(nn.Module):
    """[batch, 1, 8, 8] -> stem (8 channels) -> block to 16 channels of 4x4 -> block -> average -> [batch, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(8)
        self.block1 = ResidualBlock(8, 16, stride=2)
        self.block2 = ResidualBlock(16, 16, stride=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = torch.relu(self.stem_norm(self.stem(x)))
        features = self.block2(self.block1(features))
        return self.classifier(torch.flatten(self.pool(features), 1))


def shifted_with_noise(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Moves each image by at most one pixel in each direction and adds pixel noise of a twentieth of the range."""
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    offsets = torch.randint(0, 3, (len(images), 2), generator=generator).tolist()
    moved = torch.stack([padded[i, :, dy : dy + 8, dx : dx + 8] for i, (dy, dx) in enumerate(offsets)])
    return moved + 0.05 * torch.randn(moved.shape, generator=generator)


def main() -> None:
    data = digits.load()
    torch_training.prepare(SEED)
    model = ResidualNetwork()
    train_images = data.train_images.reshape(-1, 1, 8, 8)
    torch_training.train_classifier(
        model,
        train_images,
        data.train_labels,
        seed=SEED,
        epochs=60,
        learning_rate=0.01,
        weight_decay=0.01,
        augment=shifted_with_noise,
    )
    outputs = model_folder.write(
        "digits-resnet",
        torch_training.to_onnx(model, (1, 8, 8)),
        train_images,
        data.heldout_images.reshape(-1, 1, 8, 8),
        {"label": data.heldout_labels},
    )
    model_folder.report_accuracy(outputs, data.heldout_labels)


if __name__ == "__main__":
    main()
