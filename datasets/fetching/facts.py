"""What is worked out of a slice while it is written: exact sums, label counts, its look."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PIL import Image

from ...benchmark.contracts.published import SliceFacts
from .looks import look

BAND_PX: Final = 1 << 20
"""NumPy counts with 8 bytes a pixel, so large slices are counted in bands of about so many pixels."""


def slice_facts(image: np.ndarray[Any, Any], labels: np.ndarray[Any, Any] | None) -> SliceFacts:
    """Sum a slice up.

    Args:
        image: (Y, X) uint8 or uint16.
        labels: (Y, X) uint8; None without labels.
    """
    pixels = value_counts(image)
    values = np.arange(len(pixels))
    return SliceFacts(
        sum=int(pixels @ values),
        squares=int(pixels @ values**2),
        counts={} if labels is None else label_counts(labels),
        look=look(image),
    )


def flat_share(values: np.ndarray[Any, Any]) -> float:
    """Return the share of pixels that equal their right neighbour: few of images, nearly all of label maps.

    Args:
        values: (H, W) of any type.
    """
    if values.shape[-1] < 2:
        return 1.0
    return float(np.mean(values[:, 1:] == values[:, :-1]))


def label_counts(labels: np.ndarray[Any, Any]) -> dict[int, int]:
    """Count the pixels of each label that there is.

    Args:
        labels: (H, W) whole numbers, 0 to 65535, of any type.
    """
    counts = value_counts(labels if labels.dtype == np.uint8 else labels.astype(np.uint16, copy=False))
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def value_counts(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Count the pixels of each value of an (H, W) uint8 or uint16 array, as int64."""
    if values.dtype == np.uint8:
        return np.asarray(Image.fromarray(np.ascontiguousarray(values)).histogram(), np.int64)
    total = np.zeros(1 << 16, np.int64)
    rows = max(1, BAND_PX // values.shape[1])
    for top in range(0, len(values), rows):
        total += np.bincount(values[top : top + rows].ravel(), minlength=len(total))
    return total
