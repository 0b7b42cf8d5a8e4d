"""Scores of how well pixels are put together into objects: adapted Rand error, variation of information.

Only pixels of true objects are looked at.  Those of them that are not predicted count as an object each:
were they one object together, as some implementations have it, then predicting nothing would be perfect
wherever the truth is a single object.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..contracts.data import Metric
from .objects import Numbers, Overlaps, per_class


def adapted_rand() -> Metric:
    """1 - F1 of pixel pairs that are in one object (Arganda-Carreras et al. 2015); NaN without a pair."""

    def error(found: Overlaps) -> float:
        pairs = _pairs(found.true_sizes) + _pairs(_predicted(found))
        return 1 - 2 * _pairs(found.shared) / pairs if pairs else math.nan

    return _per_class(error)


def voi_split() -> Metric:
    """H(prediction | truth) in bits: how far true objects are split up (Meilă 2007)."""

    def entropy(found: Overlaps) -> float:
        missed = found.true_sizes - np.bincount(found.true, found.shared, len(found.true_sizes))
        split = found.shared @ np.log2(found.true_sizes[found.true] / found.shared)
        return float(split + missed @ np.log2(found.true_sizes)) / int(found.true_sizes.sum())

    return _per_class(entropy)


def voi_merge() -> Metric:
    """H(truth | prediction) in bits: how far predicted objects hold several true ones (Meilă 2007).

    NaN where no true pixel is predicted: what is not there merges nothing, and must not be perfect.
    """

    def entropy(found: Overlaps) -> float:
        if not len(found.shared):
            return math.nan
        merged = found.shared @ np.log2(_predicted(found)[found.predicted] / found.shared)
        return float(merged) / int(found.true_sizes.sum())

    return _per_class(entropy)


def _predicted(found: Overlaps) -> Numbers:
    """Sizes of the predicted objects within true ones, px."""
    return np.bincount(found.predicted, found.shared, len(found.predicted_sizes)).astype(np.int64)


def _pairs(sizes: Numbers) -> int:
    """Twice the number of pixel pairs; 64 bits hold it up to 3 gigapixels."""
    return int(sizes @ sizes) - int(sizes.sum())


def _per_class(score: Callable[[Overlaps], float]) -> Metric:
    def of(found: Overlaps) -> float:
        return score(found) if len(found.true_sizes) else math.nan

    return lambda case: per_class(case, of)
