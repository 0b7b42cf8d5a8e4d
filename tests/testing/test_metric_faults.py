"""Each fault of a metric is caught by the check that is meant for it, and by no other."""

from __future__ import annotations

import math

import numpy as np
import pytest


def ious(case):
    for count in case.counts:
        union = count.true_positive + count.false_positive + count.false_negative
        yield count.true_positive / union if union else math.nan


def sound():
    return lambda case: [*ious(case)]


def summed():
    return lambda case: [np.nansum([*ious(case)])]


def in_secret_nm():
    return lambda case: [iou * case.voxel_size_nm[0] / 5 for iou in ious(case)]


def too_high():
    """Too high for predictions that are neither perfect nor without any class."""

    def metric(case):
        partly = len(np.unique(case.prediction)) == len(np.unique(case.truth)) == 3
        return [iou + 1 if partly and 0 < iou < 1 else iou for iou in ious(case)]

    return metric


def modest():
    return lambda case: [0.9 * iou for iou in ious(case)]


def generous():
    return lambda case: [1.0 for _ in case.class_names]


def dividing():
    return lambda case: [
        c.true_positive / (c.true_positive + c.false_positive + c.false_negative) for c in case.counts
    ]


def negative_when_empty():
    return lambda case: [-1.0 if math.isnan(iou) else iou for iou in ious(case)]


def all_pixels():
    """Precision that counts what is predicted where the truth says to ignore."""

    def metric(case):
        return [
            float((case.truth == label)[case.prediction == label].mean())
            if (case.prediction == label).any()
            else math.nan
            for label in range(len(case.class_names))
        ]

    return metric


class Grudging:
    """Lowers partial scores after a case that was all wrong."""

    def __init__(self):
        self.disappointed = False

    def __call__(self, case):
        values = [iou * (0.9 if self.disappointed and 0 < iou < 1 else 1) for iou in ious(case)]
        self.disappointed = max(values) == 0
        return values


def recall():
    return lambda case: [
        c.true_positive / (c.true_positive + c.false_negative)
        if c.true_positive + c.false_negative
        else math.nan
        for c in case.counts
    ]


FAULTS = {
    summed: "one number per class",
    in_secret_nm: "one number per class",
    too_high: "range",
    modest: "perfect",
    generous: "worst",
    dividing: "empty classes",
    negative_when_empty: "empty classes",
    all_pixels: "ignored pixels",
    Grudging: "order independent",
}


@pytest.mark.parametrize(
    ("factory", "card"),
    [
        (sound, {"symmetric": True}),
        (in_secret_nm, {"needs": ("voxel size",)}),
        (recall, {}),
        (modest, {"range": (0.0, math.inf)}),
    ],
)
def test_sound_metrics_fail_nothing(failing, factory, card):
    assert failing("metric", factory=factory, **card) == {}


@pytest.mark.parametrize(("factory", "expected"), FAULTS.items(), ids=lambda x: getattr(x, "__name__", None))
def test_fault_is_caught_by_its_check(failing, factory, expected):
    assert [*failing("metric", factory=factory)] == [expected]


def test_symmetry_is_held_to_where_it_is_claimed(failing):
    assert [*failing("metric", factory=recall, symmetric=True)] == ["symmetric"]


def test_wrong_direction_shows_at_both_ends(failing):
    assert [*failing("metric", factory=sound, direction="lower")] == ["worst", "perfect"]
