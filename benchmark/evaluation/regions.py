"""One class of one case as two masks: what boundary, distance and object metrics start from.

Ignored pixels belong to no class, in truth and prediction alike, so the edge of an ignored region is
treated as the image's edge is.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..contracts.data import ScoredCase
from ..contracts.errors import DataError

Array: TypeAlias = np.ndarray[Any, Any]
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


class Region(NamedTuple):
    """A class in truth and prediction, cut out to the smallest box that holds both."""

    truth: Mask
    prediction: Mask
    box: tuple[slice, ...]
    """Where in the case it lies."""

    @property
    def sides(self) -> int:
        """In how many of the two the class is: 0, 1 or 2."""
        return int(self.truth.any()) + int(self.prediction.any())


def region(case: ScoredCase, label: int) -> Region:
    """Cut a class out of a case; both masks are empty where it is in neither."""
    truth, prediction = case.truth == label, case.prediction == label
    if case.ignore_value is not None:
        known = case.truth != case.ignore_value
        truth &= known
        prediction &= known
    box = _box(truth | prediction)
    return Region(truth[box], prediction[box], box)


def spacing_nm(case: ScoredCase) -> tuple[float, ...]:
    """Give the voxel's sides along the case's axes, nm; of a slice those of y and x.

    Raises:
        DataError: The voxel size is not known, or is that of an image while the case is a volume.
    """
    known, axes = case.voxel_size_nm, case.truth.ndim
    if known is None or len(known) < axes:
        raise DataError(
            f"the voxel size is {known}, expected its {axes} sides in nm: a metric that measures in nm was "
            "asked for, and px are never taken instead."
        )
    return known[-axes:]


def _box(mask: Mask) -> tuple[slice, ...]:
    """Find the smallest box that holds all of a mask; an empty one for an empty mask."""
    axes = range(mask.ndim)
    along = (mask.any(axis=tuple(other for other in axes if other != axis)) for axis in axes)
    hits = (np.flatnonzero(line) for line in along)
    return tuple(slice(int(hit[0]), int(hit[-1]) + 1) if len(hit) else slice(0) for hit in hits)
