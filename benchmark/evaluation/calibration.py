"""Scores of probabilities, one class against all others: calibration and ranking."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from ..contracts.data import Metric, ScoredCase
from ..contracts.errors import DataError
from .regions import Mask

Probabilities: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
BINS: Final = 15
"""Of probabilities, all of the same width; one on an edge is in the bin above it, 1 in the last bin."""


@dataclass(frozen=True, slots=True)
class Binned:
    """Pixels by the probability that they are given of a class, in bins of equal width: (bins,) each."""

    pixels: np.ndarray[Any, np.dtype[np.int64]]
    """px"""
    probability_sum: np.ndarray[Any, np.dtype[np.float64]]
    true_pixels: np.ndarray[Any, np.dtype[np.int64]]
    """Those that are of the class, px."""

    @classmethod
    def empty(cls, bins: int) -> Binned:
        """Make the counts of no pixel."""
        return cls(np.zeros(bins, np.int64), np.zeros(bins), np.zeros(bins, np.int64))

    def __add__(self, other: Binned) -> Binned:
        return Binned(
            self.pixels + other.pixels,
            self.probability_sum + other.probability_sum,
            self.true_pixels + other.true_pixels,
        )

    @property
    def error(self) -> float:
        """The expected calibration error; NaN of no pixel."""
        if not self.pixels.any():
            return math.nan
        return float(np.abs(self.true_pixels - self.probability_sum).sum() / self.pixels.sum())


def binned(probability: Probabilities, truth: Mask, bins: int) -> Binned:
    """Count pixels (N,) by their probability of a class, and those of them that are of it."""
    place = np.minimum((probability * bins).astype(np.intp), bins - 1)
    # a place for each bin's pixels outside the class, then one for those inside
    counts = np.bincount(place + bins * truth, minlength=2 * bins).reshape(2, bins)
    sums = np.asarray(np.bincount(place, probability, bins), np.float64)
    return Binned(counts.sum(0), sums, counts[1])


def ece(bins: int) -> Metric:
    """Expected calibration error of each class's own probability (Naeini et al. 2015; Nixon et al. 2019).

    Sum over bins of the bin's share of pixels times |share of pixels of the class - mean probability|.
    """

    def error(probability: Probabilities, truth: Mask) -> float:
        return binned(probability, truth, bins).error

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
