"""Scores of boundaries: how much of them agrees, and how far they lie apart.

One rule for empty classes: in neither truth nor prediction, a score does not apply (NaN); in one of
them, it is the worst that there is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from ..contracts.data import Metric, ScoredCase
from .regions import Mask, Region, region, spacing_nm
from .surfaces import surface_distances

ROUNDING = 1 + 1e-9
"""Coordinates in nm are rounded: a distance equal to the tolerance must not lie beyond it."""


def boundary_iou(ratio: float) -> Metric:
    """IoU of the pixels of either mask that are near its own contour (Cheng et al. 2021).

    Near is less than d steps from a pixel outside, diagonal steps included, as in the authors' code.
    """

    def band(case: ScoredCase) -> Callable[[Mask], Mask]:
        width = max(1, round(ratio * math.hypot(*case.truth.shape)))
        return lambda mask: _eroded_off(mask, 2 * width + 1)

    return _band_iou(band)


def boundary_iou_nm(width_nm: float) -> Metric:
    """Compute the same with a straight-line distance in nm, for voxels of any shape."""

    def band(case: ScoredCase) -> Callable[[Mask], Mask]:
        spacing = spacing_nm(case)
        width = max(width_nm, min(spacing)) * ROUNDING
        return lambda mask: _near_outside(mask, spacing, width)

    return _band_iou(band)


def nsd(tolerance_nm: float) -> Metric:
    """Normalised surface distance: the share of both surfaces within `tolerance_nm` of the other one."""

    def score(case: ScoredCase, label: int) -> float:
        found = surface_distances(case, label)
        if found is None:
            return math.nan
        within = sum(int((side <= tolerance_nm * ROUNDING).sum()) for side in found)
        return within / sum(map(len, found))

    return _per_class(score)


def hd95() -> Metric:
    """95th percentile of the Hausdorff distance: the larger of the two directed ones, nm."""

    def score(case: ScoredCase, label: int) -> float:
        found = surface_distances(case, label)
        if found is None:
            return math.nan
        if not all(map(len, found)):
            return _diagonal_nm(case)
        return max(float(np.quantile(side, 0.95)) for side in found)

    return _per_class(score)


def _diagonal_nm(case: ScoredCase) -> float:
    sides = zip(case.truth.shape, spacing_nm(case), strict=True)
    return math.hypot(*(length * side for length, side in sides))


def _band_iou(band: Callable[[ScoredCase], Callable[[Mask], Mask]]) -> Metric:
    def metric(case: ScoredCase) -> list[float]:
        cut = band(case)
        return [_iou(region(case, label), cut) for label in range(len(case.class_names))]

    return metric


def _iou(found: Region, cut: Callable[[Mask], Mask]) -> float:
    if not found.sides:
        return math.nan
    truth, prediction = cut(found.truth), cut(found.prediction)
    return int((truth & prediction).sum()) / int((truth | prediction).sum())


def _eroded_off(mask: Mask, side: int) -> Mask:
    """Keep what a square (cube) of so many px removes from a mask; beyond the array is outside."""
    inside = ndimage.minimum_filter(mask.view(np.uint8), size=side, mode="constant", cval=0)
    return np.asarray(mask & (inside == 0))


def _near_outside(mask: Mask, spacing: tuple[float, ...], width: float) -> Mask:
    """Keep the pixels of a mask at most `width` nm from one outside; beyond the array is outside."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing)
    return np.asarray(mask & (depth[(slice(1, -1),) * mask.ndim] <= width))


def _per_class(score: Callable[[ScoredCase, int], float]) -> Metric:
    return lambda case: [score(case, label) for label in range(len(case.class_names))]
