"""The numbers of the true objects of a training crop, where a module learns from them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import cv2
import numpy as np

from ..contracts.data import Manifest

Array: TypeAlias = np.ndarray[Any, Any]
NumberObjects: TypeAlias = Callable[[Array, "Array | None"], Array]
"""From the labels (H, W) of a crop, and the numbers of objects that are known, to (H, W) int32."""


def numbering(manifest: Manifest) -> NumberObjects:
    """Make what numbers the objects of a dataset's crops; see `number_objects`."""
    boundaries = (0, *manifest.boundary_classes)
    return partial(number_objects, no_objects=boundaries, ignore_value=manifest.ignore_value)


def number_objects(
    labels: Array,
    known: Array | None,
    *,
    no_objects: tuple[int, ...] = (0,),
    ignore_value: int | None = None,
) -> Array:
    """Number the objects of a crop by the rule of metrics of objects (`evaluation.objects`).

    Pixels of a class that have a number are of the object of that number, and those of a class that have none
    are connected components: pixels that touch by a side or a corner.  What is connected outside of the crop
    alone is then two objects.

    Args:
        labels: (H, W) uint8.
        known: (H, W) int32 numbers, 0 for none; None: none is known.
        no_objects: Labels of background, and of what lies between objects.
        ignore_value: Label of pixels that do not count.

    Returns:
        (H, W) int32, 0 where there is no object.
    """
    left_out = np.zeros(np.iinfo(np.uint8).max + 1, bool)
    left_out[[*no_objects, *(() if ignore_value is None else (ignore_value,))]] = True
    numbers = np.zeros(labels.shape, np.int32) if known is None else known.copy()
    numbers[left_out[labels]] = 0
    there = np.bincount(labels.ravel(), minlength=len(left_out)) > 0
    for value in np.flatnonzero(there & ~left_out):
        unknown = (labels == value) & (numbers == 0)
        if unknown.any():
            count = int(numbers.max(initial=0))
            _, found = cv2.connectedComponents(unknown.astype(np.uint8), connectivity=8)
            numbers[unknown] = found[unknown] + count
    return numbers
