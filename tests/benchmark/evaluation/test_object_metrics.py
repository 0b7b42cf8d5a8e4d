"""Objects found, matched, split and merged: values worked out by hand, and the empty rules."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from emseg_bench.benchmark.evaluation.aggregation import class_means, overall_means

OBJECTS = ("object-f1", "object-ap", "pq", "rq")
PARTITIONS = ("adapted-rand", "voi-split", "voi-merge")

#          4 px       3 px    1 px
TRUTH = [1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1]
FOUND = [1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0]
"""IoU 3/4, 1, and one missed."""


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("object-f1", 4 / 5),
        ("object-f1[iou=0.75]", 4 / 5),
        ("object-f1[iou=0.76]", 2 / 5),
        # both count up to 0.75 (6 thresholds): 2 / 3; then one alone: 1 / 4
        ("object-ap", (6 * 2 / 3 + 4 * 1 / 4) / 10),
        ("rq", 4 / 5),
        ("sq", (3 / 4 + 1) / 2),
        ("pq", (3 / 4 + 1) / (2 + 1 / 2)),
        # pairs of pixels: 6 + 3 true, 3 + 3 predicted, 3 + 3 both
        ("adapted-rand", 1 - 2 * 6 / (9 + 6)),
        # 3 of the first object's 4 px stay together, the fourth is alone; the single px is itself
        ("voi-split", (3 * math.log2(4 / 3) + math.log2(4)) / 8),
        ("voi-merge", 0),
    ],
)
def test_values_by_hand(value, metric, expected):
    assert value(metric, TRUTH, FOUND)[1] == pytest.approx(expected)


def test_a_split_object(value):
    truth, prediction = [1, 1, 1, 1, 1], [1, 1, 0, 1, 1]
    assert value("object-f1[iou=0.4]", truth, prediction)[1] == pytest.approx(2 / 3), "one of the two only"
    assert value("object-f1", truth, prediction)[1] == 0
    assert value("voi-merge", truth, prediction)[1] == 0
    assert value("voi-split", truth, prediction)[1] == pytest.approx(
        (4 * math.log2(5 / 2) + math.log2(5)) / 5
    )


def test_merged_objects(value):
    truth, prediction = [1, 1, 0, 1, 1], [1, 1, 1, 1, 1]
    assert value("voi-split", truth, prediction)[1] == 0
    assert value("voi-merge", truth, prediction)[1] == pytest.approx(1)
    assert value("adapted-rand", truth, prediction)[1] == pytest.approx(1 - 2 * 2 / (2 + 6))


def test_half_an_object_is_found_at_0_5_but_not_above(value):
    truth, prediction = [1, 1, 0], [1, 0, 0]
    assert value("object-f1", truth, prediction)[1] == 1
    assert value("pq", truth, prediction)[1] == 0
    assert math.isnan(value("sq", truth, prediction)[1])


def test_thresholds_are_exact(value):
    """An IoU of 3/5 is 0.6, whatever binary fractions say."""
    assert value("object-f1[iou=0.6]", [1, 1, 1, 1, 1], [1, 1, 1, 0, 0])[1] == 1


def test_corners_join(value):
    truth = [[1, 0], [0, 1]]
    assert value("object-f1", truth, [[1, 0], [0, 0]])[1] == 1, "one object of 2 px, half of it found"
    assert value("object-f1", [truth, truth[::-1]], [truth, truth[::-1]])[1] == 1


@pytest.mark.parametrize("metric", [*OBJECTS, "sq"])
def test_empty_classes(value, metric):
    assert math.isnan(value(metric, [0, 0], [0, 0])[1])
    expected = math.nan if metric == "sq" else 0
    assert value(metric, [1, 0], [0, 0])[1] == pytest.approx(expected, nan_ok=True)
    assert value(metric, [0, 0], [0, 1])[1] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("metric", PARTITIONS)
def test_no_true_object(value, metric):
    assert math.isnan(value(metric, [0, 0], [0, 1])[1])


def test_nothing_predicted_is_no_perfect_partition(value):
    assert value("adapted-rand", [1, 1, 0], [0, 0, 0])[1] == 1
    assert value("voi-split", [1, 1, 0], [0, 0, 0])[1] == 1
    assert math.isnan(value("voi-merge", [1, 1, 0], [0, 0, 1])[1])


def test_a_single_pixel_has_no_pairs(value):
    assert math.isnan(value("adapted-rand", [1, 0], [1, 0])[1])
    assert value("voi-split", [1, 0], [1, 0])[1] == 0


def test_ignored_pixels_are_in_no_object(value):
    truth, prediction = [1, 1, 9, 9, 0, 0], [1, 1, 1, 0, 0, 0]
    for metric in (*OBJECTS, "sq"):
        assert value(metric, truth, prediction, ignore_value=9)[1] == 1
    assert value("object-f1", [0, 9, 9, 1], [0, 1, 0, 1], ignore_value=9)[1] == 1, "a false object in there"


@pytest.mark.parametrize("metric", [*OBJECTS, "sq", *PARTITIONS])
def test_boundaries_are_no_objects_and_in_no_mean_of_them(value, metric):
    """What lies between objects has a number of its own in metrics of overlap alone."""
    truth, found = ([2 if label == 0 else label for label in labels] for labels in (TRUTH, FOUND))
    alone = value(metric, TRUTH, FOUND)[1]
    _, objects, boundary = value(metric, truth, found, classes=3, boundaries=(2,))
    assert objects == pytest.approx(alone, nan_ok=True)
    assert math.isnan(boundary)
    assert not math.isnan(value(metric, truth, found, classes=3)[2])
    assert not math.isnan(value("iou", truth, found, classes=3, boundaries=(2,))[2])
    table = pd.DataFrame({
        "trial": 0, "metric": metric, "case": "a", "class_index": [1, 2], "value": [objects, boundary],
    })  # fmt: skip
    means = class_means(table, ["metric"], skips_undefined=True)
    assert overall_means(means, ["metric"], skips_undefined=True)[metric] == pytest.approx(alone)
