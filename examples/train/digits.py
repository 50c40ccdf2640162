# The handwritten digits every classifier here is trained on: loading, scaling and the fixed split.
"""scikit-learn's bundled 8x8 digits, scaled to [0, 1] and split once and for all.

The scripts use the held-out fifth only to report accuracy: none stops early on it or picks a checkpoint by it.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SPLIT_SEED = 2024
PIXEL_MAXIMUM = 16.0  # the digits' pixels are integers 0..16


@dataclass(frozen=True)
class Digits:
    """Images are float32 [samples, 64] in [0, 1], row by row from the top left; labels are int64 [samples]."""

    train_images: np.ndarray
    train_labels: np.ndarray
    heldout_images: np.ndarray
    heldout_labels: np.ndarray


def load() -> Digits:
    """Returns 1,437 training and 360 held-out digits, each class in the same proportion in both."""
    images, labels = load_digits(return_X_y=True)
    scaled = (images / PIXEL_MAXIMUM).astype(np.float32)
    train_images, heldout_images, train_labels, heldout_labels = train_test_split(
        scaled, labels.astype(np.int64), test_size=0.2, stratify=labels, random_state=SPLIT_SEED
    )
    return Digits(train_images, train_labels, heldout_images, heldout_labels)
