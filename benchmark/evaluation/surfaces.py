"""Surfaces of masks, and how far two of them are from each other."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy.spatial import cKDTree

from ..contracts.data import ScoredCase
from .regions import Mask, region, spacing_nm

Lengths: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]


class SurfaceDistances(NamedTuple):
    """For every pixel of a surface the way to the nearest one of the other surface, nm."""

    of_truth: Lengths
    of_prediction: Lengths


def surface_distances(case: ScoredCase, label: int) -> SurfaceDistances | None:
    """Measure a class's surfaces, once per case; None where it is in neither truth nor prediction.

    Where the class is in only one of them, its distances are infinite.

    Raises:
        DataError: The voxel size is not known.
    """
    return case.once(("surface distances", label), lambda: _measure(case, label))


def surface(mask: Mask) -> Mask:
    """Keep the pixels that have a face neighbour outside the mask; beyond the array is outside."""
    inside = mask.copy()
    for axis in range(mask.ndim):
        kept, own = np.moveaxis(inside, axis, 0), np.moveaxis(mask, axis, 0)
        kept[1:] &= own[:-1]
        kept[:-1] &= own[1:]
        kept[[0, -1]] = False
    return np.asarray(mask & ~inside)


def _measure(case: ScoredCase, label: int) -> SurfaceDistances | None:
    spacing = np.asarray(spacing_nm(case))
    found = region(case, label)
    if not found.sides:
        return None
    truth, prediction = surface(found.truth), surface(found.prediction)
    return SurfaceDistances(_distances(truth, prediction, spacing), _distances(prediction, truth, spacing))


def _distances(here: Mask, there: Mask, spacing: Lengths) -> Lengths:
    """Measure from every pixel of `here` to the nearest one of `there`, in no particular order."""
    distances = np.zeros(int(here.sum()))
    apart = np.argwhere(here & ~there) * spacing  # where the surfaces meet, the way is 0
    goals = np.argwhere(there) * spacing
    if not len(goals):
        return np.full_like(distances, np.inf)
    if len(apart):
        distances[: len(apart)] = cKDTree(goals, balanced_tree=False).query(apart)[0]
    return distances
