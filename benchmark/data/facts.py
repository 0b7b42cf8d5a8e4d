"""What is worked out of a slice while it is written: exact sums, label counts, its look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from PIL import Image

from ..data_contracts import SliceFacts
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
    counts: Iterable[int] = () if labels is None else value_counts(labels)
    return SliceFacts(
        sum=int(pixels @ values),
        squares=int(pixels @ values**2),
        counts={value: int(number) for value, number in enumerate(counts) if number},
        look=look(image),
    )


def value_counts(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Count the pixels of each value of an (H, W) uint8 or uint16 array, as int64."""
    if values.dtype == np.uint8:
        return np.asarray(Image.fromarray(np.ascontiguousarray(values)).histogram(), np.int64)
    total = np.zeros(1 << 16, np.int64)
    rows = max(1, BAND_PX // values.shape[1])
    for top in range(0, len(values), rows):
        total += np.bincount(values[top : top + rows].ravel(), minlength=len(total))
    return total
