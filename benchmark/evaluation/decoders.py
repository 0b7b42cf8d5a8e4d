"""What finds objects in label maps: connected components, and a watershed that parts those that touch.

Pixels of one class that touch by a side, an edge or a corner belong together, as in metrics of objects.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from ..contracts.data import Decoder, Segmented

Array: TypeAlias = np.ndarray[Any, Any]


def components() -> Decoder:
    """Make the decoder whose objects are connected components of each class."""
    return partial(_each_class, lambda mask: ndimage.label(mask, _all_around(mask.ndim)))


def watershed(min_distance_px: float, smoothing_px: float, min_size_px: int) -> Decoder:
    """Make the decoder that parts connected components where they are narrow.

    Args:
        min_distance_px: Least distance between the markers of one component, in shortest sides of a voxel.
        smoothing_px: Sigma of the Gaussian that smooths distances, in the same unit.
        min_size_px: Objects of fewer pixels or voxels are left out.
    """

    def decode(segmented: Segmented) -> Array:
        sides = np.array(segmented.voxel_size_nm or (1.0,) * segmented.labels.ndim)
        sides = sides / sides.min()

        def part(mask: Array) -> tuple[Array, int]:
            found = _part(mask, sides, min_distance_px, smoothing_px)
            small = np.bincount(found.ravel()) < min_size_px
            found[small[found]] = 0
            return found, len(small) - 1

        return _each_class(part, segmented)

    return decode


def _each_class(find: Callable[[Array], tuple[Array, int]], segmented: Segmented) -> Array:
    """Number what is found in the mask of each class, one class after another."""
    labels = segmented.labels
    numbers, count = np.zeros(labels.shape, np.uint32), 0
    for value in np.unique(labels):
        if value == segmented.background:
            continue
        found, number = find(labels == value)
        inside = found > 0
        numbers[inside] = found[inside] + count
        count += number
    return numbers


def _part(mask: Array, sides: Array, min_distance: float, smoothing: float) -> Array:
    from skimage.segmentation import watershed as flood  # takes longer to import than all else here

    heights = ndimage.distance_transform_edt(mask, sides).astype(np.float32)
    if smoothing:
        heights = ndimage.gaussian_filter(heights, smoothing / sides)
    heights[~mask] = 0  # so that no maximum lies beyond the border, whatever smoothing brought there
    markers = _markers(heights, mask, sides, min_distance)
    found: Array = flood(-heights, markers, _all_around(mask.ndim), mask=mask)  # type: ignore[no-untyped-call]
    return found


def _markers(heights: Array, mask: Array, sides: Array, min_distance: float) -> Array:
    """Number regional maxima; of those of a component that are too near, the highest stays."""
    around = _all_around(mask.ndim)
    maxima = (heights == ndimage.maximum_filter(heights, footprint=around)) & mask
    markers, count = ndimage.label(maxima, around)
    places = np.nonzero(maxima)
    numbers, within = markers[places], ndimage.label(mask, around)[0][places]
    points = np.stack(places, 1) * sides
    tree, tops = cKDTree(points), np.zeros(count + 1, heights.dtype)
    tops[numbers] = heights[places]
    by_number = np.argsort(numbers, kind="stable")
    ends = np.searchsorted(numbers[by_number], np.arange(count + 2))
    kept = np.ones(count + 1, bool)
    for number in np.argsort(-tops[1:], kind="stable") + 1:
        own = by_number[ends[number] : ends[number + 1]]
        if not kept[number]:
            continue
        near = np.concatenate(tree.query_ball_point(points[own], np.nextafter(min_distance, 0)).tolist())
        near = near.astype(np.int64)
        kept[numbers[near[within[near] == within[own[0]]]]] = False
        kept[number] = True
    kept[0] = False
    return np.where(kept[markers], markers, 0)


def _all_around(axes: int) -> Array:
    return np.ones((3,) * axes, bool)
