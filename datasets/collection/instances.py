"""From numbers of objects to classes, and back."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from ...benchmark.images.volumes.found import Array

IGNORED: Final = 255


def to_semantic(
    objects: Array,
    mode: Literal["binary", "boundary"],
    ignore_value: int | None = None,
    background: int = 0,
) -> Array:
    """Turn numbers of objects into labels: 0 background, 1 object, and 2 the rim of objects.

    The rim are pixels that have a neighbour of another number beside, above or below them in their section,
    so that two objects that touch stay two.

    Args:
        objects: (H, W) or (Z, H, W) whole numbers.
        mode: With or without rims.
        ignore_value: The number that stands for pixels which nothing is known of; they become 255, and
            touching them makes no rim.
        background: The number that stands for none.

    Returns:
        uint8 of the same shape.
    """
    labels = (objects != background).astype(np.uint8)
    if mode == "boundary":
        labels[_rim(objects, ignore_value) & (objects != background)] = 2
    if ignore_value is not None:
        labels[objects == ignore_value] = IGNORED
    return np.asarray(labels)


def numbered_from_one(objects: Array, background: int) -> Array:
    """Return numbers of objects in which 0 is none: as they are, or raised where another is background."""
    if background == 0 and (objects.dtype.kind == "u" or objects.min(initial=0) >= 0):
        return objects
    raised = objects.astype(np.int64) + (1 - min(0, int(objects.min(initial=0))))
    raised[objects == background] = 0
    return np.asarray(raised.astype(np.uint32))


def _rim(objects: Array, ignore_value: int | None) -> Array:
    rim = np.zeros(objects.shape, bool)
    for before, after in (
        ((..., slice(None, -1), slice(None)), (..., slice(1, None), slice(None))),
        ((..., slice(None, -1)), (..., slice(1, None))),
    ):
        one, other = objects[before], objects[after]
        differ = one != other
        if ignore_value is not None:
            differ &= (one != ignore_value) & (other != ignore_value)
        rim[before] |= differ
        rim[after] |= differ
    return rim


def to_objects(labels: Array, mode: Literal["binary", "boundary"]) -> Array:
    """Number the objects in labels that `to_semantic` made, or a model predicted.

    Objects are connected pieces of label 1 (neighbours share a side); with rims, each pixel of a rim goes to
    the nearest object.  What touches without a rim between becomes one object: that cannot be undone.

    Args:
        labels: (H, W) or (Z, H, W) labels.
        mode: Whether there are rims.

    Returns:
        int32 numbers of the same shape, 0 for none.
    """
    from scipy import ndimage

    objects, number = ndimage.label(labels == 1)
    if mode == "boundary" and number:
        places = ndimage.distance_transform_edt(objects == 0, return_distances=False, return_indices=True)
        objects = np.where(labels == 2, objects[tuple(places)], objects)
    return np.asarray(objects, np.int32)
