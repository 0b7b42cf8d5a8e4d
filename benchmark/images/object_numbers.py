"""Numbers of objects that are turned and resized as label maps are, pixel for pixel."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

NUMBERS: Final = np.dtype(np.int32)
"""Of true objects, in training."""
EXACT: Final = 2**24
"""float32 holds whole numbers up to here."""


def as_numbers(instances: Array, most: int = int(np.iinfo(NUMBERS).max)) -> Array:
    """Give numbers of objects (H, W) as int32: the same, or if one is above `most` 1, 2, ..., 0 for none."""
    if instances.size and int(instances.max()) > most:
        known, places = np.unique(instances, return_inverse=True)
        instances = places.reshape(instances.shape) + int(known[0] != 0)
    return instances.astype(NUMBERS, copy=False)


def to_warp(numbers: Array) -> Array:
    """Give numbers (H, W) as float32, which OpenCV warps as it does uint8; of int32 it takes other pixels."""
    return as_numbers(numbers, EXACT).astype(np.float32)


def from_warp(warped: Array) -> Array:
    """Give what came of `to_warp` as int32."""
    return np.ascontiguousarray(warped, NUMBERS)
