"""Scores of probabilities, one class against all others: calibration and ranking."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..contracts.data import Metric, ScoredCase
from ..contracts.errors import DataError
from .regions import Mask

Probabilities: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


def ece(bins: int) -> Metric:
    """Expected calibration error of each class's own probability (Naeini et al. 2015; Nixon et al. 2019).

    Sum over bins of the bin's share of pixels times |share of pixels of the class - mean probability|.
    """

    def error(probability: Probabilities, truth: Mask) -> float:
        if not len(truth):
            return math.nan
        place = np.minimum((probability * bins).astype(np.intp), bins - 1)
        gap = np.bincount(place, truth, bins) - np.bincount(place, probability, bins)
        return float(np.abs(gap).sum()) / len(truth)

    return _per_class(error)


def auroc() -> Metric:
    """Area under the ROC curve: how often a pixel of the class is more probable than one outside it.

    Equal probabilities count half (Hanley & McNeil 1982).
    """

    def area(probability: Probabilities, truth: Mask) -> float:
        inside, outside = np.sort(probability[truth]), np.sort(probability[~truth])
        if not len(inside) or not len(outside):
            return math.nan
        below = sum(int(np.searchsorted(outside, inside, side).sum()) for side in ("left", "right"))
        return below / 2 / (len(inside) * len(outside))

    return _per_class(area)


def _per_class(score: Callable[[Probabilities, Mask], float]) -> Metric:
    def metric(case: ScoredCase) -> list[float]:
        probabilities = _probabilities(case)
        known = case.truth != case.ignore_value if case.ignore_value is not None else ...
        truth = case.truth[known].ravel()
        return [
            score(probabilities[label][known].ravel(), truth == label)
            for label in range(len(case.class_names))
        ]

    return metric


def _probabilities(case: ScoredCase) -> Probabilities:
    if case.probabilities is None:
        raise DataError("there are only label maps, and a metric of probabilities was asked for.")
    return case.once("probabilities", case.probabilities)
