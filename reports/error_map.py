"""Where a prediction is wrong: a picture of it, and counts of which class was taken for which."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from ..benchmark.images.class_colours import class_colour
from ..benchmark.images.label_pictures import label_values
from .overlay import Overlay, overlay_values

KINDS: Final = ("predicted, not there", "there, not predicted", "there, but of another class")
"""By label value from 1, after what is right."""


def error_map(image: Image.Image, truth: Path, prediction: Path, class_count: int) -> Overlay:
    """Lay over an image what was predicted wrongly; pixels that are not scored are right.

    Args:
        image: RGB, as `overlay.fit` returns it.
        truth: A picture of 8-bit label values.
        prediction: The same, of the same size.
        class_count: Number of classes with background.
    """
    true, predicted = _labels(truth, prediction)
    kinds = np.select(
        [true >= class_count, true == predicted, true == 0, predicted == 0], [0, 0, 1, 2], default=3
    )
    return overlay_values(image, Image.fromarray(kinds.astype(np.uint8)), len(KINDS) + 1)


def colour_of(kind: int) -> str:
    """Give the colour of a kind, from 1."""
    return class_colour(kind)


def confusion(truth: Path, prediction: Path, class_count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Count the scored pixels of each true class that were taken for each class, (K, K)."""
    true, predicted = _labels(truth, prediction)
    known = (true < class_count) & (predicted < class_count)
    pairs = true[known].astype(np.int64) * class_count + predicted[known]
    return np.bincount(pairs, minlength=class_count**2).reshape(class_count, class_count)


def _labels(truth: Path, prediction: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read both; a prediction of another size is brought to the truth's."""
    with Image.open(truth) as one, Image.open(prediction) as other:
        true, predicted = label_values(one), label_values(other)
        same = predicted.resize(true.size, Image.Resampling.NEAREST)
        return np.asarray(true), np.asarray(same)
