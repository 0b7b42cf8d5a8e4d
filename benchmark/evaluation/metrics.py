"""Overlap scores of one case, from its confusion counts.

One rule for empty classes: a ratio whose denominator is 0 says nothing, so it is NaN (not
applicable), never 0 or 1; the cards say what that means for each metric.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..contracts.data import Counts, Metric, ScoredCase


def iou() -> Metric:
    """Intersection over union (Jaccard index): TP / (TP + FP + FN)."""
    return _per_class(
        lambda c: _ratio(c.true_positive, c.true_positive + c.false_positive + c.false_negative)
    )


def dice() -> Metric:
    """Dice coefficient (F1 of pixels): 2 TP / (2 TP + FP + FN)."""
    return _per_class(
        lambda c: _ratio(2 * c.true_positive, 2 * c.true_positive + c.false_positive + c.false_negative)
    )


def precision() -> Metric:
    """Precision (positive predictive value): TP / (TP + FP)."""
    return _per_class(lambda c: _ratio(c.true_positive, c.true_positive + c.false_positive))


def recall() -> Metric:
    """Recall (sensitivity): TP / (TP + FN)."""
    return _per_class(lambda c: _ratio(c.true_positive, c.true_positive + c.false_negative))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _per_class(score: Callable[[Counts], float]) -> Metric:
    def metric(case: ScoredCase) -> list[float]:
        return [score(counts) for counts in case.counts]

    return metric
