"""Scores of found and missed objects: F1, average precision, panoptic quality.

One rule for empty classes: without any object, a score does not apply (NaN); with objects on one side
only, it is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..contracts.data import Metric
from .objects import Overlaps, matches, per_class

AP_THRESHOLDS = tuple(percent / 100 for percent in range(50, 100, 5))
"""0.50, 0.55, ..., 0.95"""


def object_f1(iou: float) -> Metric:
    """F1 of objects: 2 TP / (2 TP + FP + FN), TP the pairs whose IoU is at least `iou`."""
    return _per_class(lambda found: 2 * matches(found, iou) / found.objects)


def object_ap() -> Metric:
    """Mean of TP / (TP + FP + FN) over IoU thresholds (Caicedo et al. 2019; Schmidt et al. 2018)."""

    def score(found: Overlaps) -> float:
        hits = [matches(found, threshold) for threshold in AP_THRESHOLDS]
        return sum(hit / (found.objects - hit) for hit in hits) / len(hits)

    return _per_class(score)


def pq() -> Metric:
    """Panoptic quality: sum of the matched pairs' IoU / (TP + FP / 2 + FN / 2) (Kirillov et al. 2019)."""
    return _per_class(lambda found: 2 * float(_matched(found).sum()) / found.objects)


def sq() -> Metric:
    """Segmentation quality: mean IoU of the matched pairs; NaN without any."""
    return _per_class(lambda found: float(hits.mean()) if len(hits := _matched(found)) else math.nan)


def rq() -> Metric:
    """Recognition quality: TP / (TP + FP / 2 + FN / 2), TP the pairs whose IoU is above 0.5."""
    return _per_class(lambda found: 2 * len(_matched(found)) / found.objects)


def _matched(found: Overlaps) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """IoUs above 0.5, which no two pairs of one object can both have."""
    ious = found.ious
    return np.asarray(ious[ious > 0.5])


def _per_class(score: Callable[[Overlaps], float]) -> Metric:
    def of(found: Overlaps) -> float:
        return score(found) if found.objects else math.nan

    return lambda case: per_class(case, of)
