"""The overlap scores of RETINA's publication (Xing, Xie & Bader 2025), whose rules differ from ours.

A small number stands in numerator and denominator, so that a class that is neither in truth nor in
prediction scores 1 rather than nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from ..benchmark.contracts.data import Metric, ScoredCase

EPSILON = 1e-5
"""px"""


def iou_eps() -> Metric:
    """Intersection over union, softened: (TP + 1e-5) / (TP + FP + FN + 1e-5)."""

    def metric(case: ScoredCase) -> list[float]:
        return [
            soft_iou(c.true_positive, c.true_positive + c.false_positive + c.false_negative)
            for c in case.counts
        ]

    return metric


def iou_matched() -> Metric:
    """The softened IoU after predicted objects that touch no true pixel of their class are dropped."""
    return lambda case: [_matched_iou(case, label) for label in range(len(case.class_names))]


def soft_iou(intersection: float, union: float) -> float:
    """Divide two pixel counts: 1 where both are 0."""
    return (intersection + EPSILON) / (union + EPSILON)


def matched_objects(
    truth: np.ndarray[Any, Any], prediction: np.ndarray[Any, Any]
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Keep the predicted objects that share a pixel with the truth, whole, and drop the others.

    Args:
        truth: (H, W) bool.
        prediction: (H, W) bool; its objects are 8-connected.

    Returns:
        (H, W) bool.
    """
    objects, number = ndimage.label(prediction, structure=np.ones((3,) * prediction.ndim))
    kept = np.zeros(number + 1, bool)
    kept[objects[truth]] = True
    kept[0] = False  # not an object: what is not predicted
    return np.asarray(kept[objects])


def _matched_iou(case: ScoredCase, label: int) -> float:
    truth = case.truth == label
    matched = matched_objects(truth, case.prediction == label)
    if case.ignore_value is not None:
        matched &= case.truth != case.ignore_value
    return soft_iou(int((truth & matched).sum()), int((truth | matched).sum()))
