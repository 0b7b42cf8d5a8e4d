"""Objects of a class in truth and prediction, and how they overlap.

Predicted objects are connected components: pixels that touch by a side, an edge or a corner belong to one
object (8 neighbours in images, 26 in volumes).  Where a decoder found them, one is all pixels of the class
that have its number, and those without a number are in none.  Where true objects are known by their numbers,
one is all pixels of the class that have its number, though they may lie apart, or touch another's; pixels of
the class without a number are connected components too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from ..contracts.data import ScoredCase
from .regions import Array, Mask, Region, region

Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


class Overlaps(NamedTuple):
    """T true and P predicted objects of a class, and the M pairs of them that share pixels."""

    true_sizes: Numbers
    """(T,) px"""
    predicted_sizes: Numbers
    """(P,) px"""
    true: Numbers
    """(M,) which true object"""
    predicted: Numbers
    """(M,) which predicted object"""
    shared: Numbers
    """(M,) px"""

    @property
    def ious(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(M,) IoU of each pair."""
        union = self.true_sizes[self.true] + self.predicted_sizes[self.predicted] - self.shared
        return np.asarray(self.shared / union)

    @property
    def objects(self) -> int:
        """T + P."""
        return len(self.true_sizes) + len(self.predicted_sizes)


def per_class(case: ScoredCase, score: Callable[[Overlaps], float]) -> list[float]:
    """Score every class by its objects; NaN where the case says that it has none, being a boundary."""
    return [
        math.nan if label in case.boundary_classes else score(overlaps(case, label))
        for label in range(len(case.class_names))
    ]


def overlaps(case: ScoredCase, label: int) -> Overlaps:
    """Find the objects of a class and their overlaps, once per case."""
    return case.once(("overlaps", label), lambda: _find(case, label))


def matches(found: Overlaps, least_iou: float) -> int:
    """Count the pairs with at least this IoU, each object in one pair at most.

    Above an IoU of 0.5 no object has two candidates; else as many pairs as possible are made.
    """
    good = found.ious >= least_iou
    shape = (len(found.true_sizes), len(found.predicted_sizes))
    pairs = (np.ones(int(good.sum())), (found.true[good], found.predicted[good]))
    graph = sparse.csr_array(pairs, shape=shape)
    return int((maximum_bipartite_matching(graph) >= 0).sum())


def _find(case: ScoredCase, label: int) -> Overlaps:
    found = region(case, label)
    prediction = _predicted(found, case.predicted_objects)
    truth = _numbered(found.truth, None if case.true_objects is None else case.true_objects[found.box])
    both = (truth > 0) & (prediction > 0)
    true_sizes, predicted_sizes = (np.bincount(numbers.ravel())[1:] for numbers in (truth, prediction))
    pixels = (np.ones(int(both.sum()), np.int64), (truth[both] - 1, prediction[both] - 1))
    shape = (len(true_sizes), len(predicted_sizes))
    table = sparse.coo_array(pixels, shape=shape).tocsr().tocoo()  # sums up what is at one place
    true, predicted = table.coords
    return Overlaps(true_sizes, predicted_sizes, true, predicted, table.data)


def _predicted(found: Region, objects: Array | None) -> Numbers:
    """Number the predicted objects of a class from 1."""
    if objects is None:
        return _components(found.prediction)
    return _numbered(found.prediction & (objects[found.box] > 0), objects[found.box])


def _numbered(mask: Mask, objects: Array | None) -> Numbers:
    """Number the true objects of a class from 1."""
    if objects is None:
        return _components(mask)
    known = np.asarray(mask & (objects != 0))
    numbers = _components(mask & ~known)
    _, places = np.unique(objects[known], return_inverse=True)
    numbers[known] = places + numbers.max(initial=0) + 1
    return numbers


def _components(mask: Mask) -> Numbers:
    numbers, _ = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    return np.asarray(numbers)
