"""The scores of RETINA's publication: hand-computed, and against a search pixel by pixel."""

import itertools

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import ScoredCase
from emseg_bench.benchmark.evaluation.confusion import count
from emseg_bench.papers import scores as published
from hypothesis import given, settings
from hypothesis import strategies as st

EPS = 1e-5


def picture(*rows):
    return np.array([[int(value) for value in row] for row in rows], np.uint8)


def score(metric, truth, prediction, classes=2, ignore_value=None):
    case = ScoredCase(
        truth=truth,
        prediction=prediction,
        class_names=tuple("abcdef"[:classes]),
        counts=count(truth, prediction, classes, ignore_value),
        ignore_value=ignore_value,
        voxel_size_nm=None,
    )
    return getattr(published, metric)()(case)


@pytest.mark.parametrize("metric", ["iou_eps", "iou_matched"])
@pytest.mark.parametrize(
    ("truth", "prediction", "expected"),
    [
        ("0110", "0011", (1 + EPS) / (3 + EPS)),
        ("0110", "0000", EPS / (2 + EPS)),
        ("0000", "0000", 1),
        ("0110", "0110", 1),
    ],
    ids=["shifted", "missed", "absent from both", "perfect"],
)
def test_hand_computed(metric, truth, prediction, expected):
    assert score(metric, picture(truth), picture(prediction))[1] == pytest.approx(expected, rel=1e-12)


def test_objects_without_a_true_pixel_are_dropped_whole():
    truth = picture("110000", "000000", "000000")
    prediction = picture("010000", "001001", "000011")
    # kept: the diagonal neighbour of the true pixel too (8-connected); dropped: the object to the right
    assert score("iou_matched", truth, prediction)[1] == pytest.approx((1 + EPS) / (3 + EPS), rel=1e-12)
    assert score("iou_eps", truth, prediction)[1] == pytest.approx((1 + EPS) / (6 + EPS), rel=1e-12)


def test_touching_without_a_shared_pixel_is_no_match():
    truth, prediction = picture("1100"), picture("0011")
    assert score("iou_matched", truth, prediction)[1] == pytest.approx(EPS / (2 + EPS), rel=1e-12)


def test_only_predicted_counts_as_one_where_objects_are_matched():
    truth, prediction = picture("0000"), picture("0110")
    assert score("iou_matched", truth, prediction)[1] == 1
    assert score("iou_eps", truth, prediction)[1] == pytest.approx(EPS / (2 + EPS), rel=1e-12)


def test_another_class_is_no_match():
    truth, prediction = picture("1122"), picture("2211")
    assert score("iou_matched", truth, prediction, classes=3)[1:] == pytest.approx([EPS / (2 + EPS)] * 2)


def test_ignored_pixels_join_objects_but_count_nowhere():
    truth, prediction = picture("10900"), picture("11111")
    # the object reaches across the ignored pixel: its 4 other pixels count, 1 of them is true
    assert score("iou_matched", truth, prediction, ignore_value=9)[1] == pytest.approx((1 + EPS) / (4 + EPS))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_matching_agrees_with_a_flood_fill(seed, height, width):
    truth, prediction = np.random.default_rng(seed).random((2, height, width)) < 0.3
    kept = np.zeros_like(truth)
    waiting = list(zip(*np.nonzero(truth & prediction), strict=True))
    while waiting:
        y, x = waiting.pop()
        if not (0 <= y < height and 0 <= x < width) or kept[y, x] or not prediction[y, x]:
            continue
        kept[y, x] = True
        waiting += [(y + dy, x + dx) for dy, dx in itertools.product((-1, 0, 1), repeat=2)]
    assert np.array_equal(published.matched_objects(truth, prediction), kept)
