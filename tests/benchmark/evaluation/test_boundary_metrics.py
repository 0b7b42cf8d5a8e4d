"""Boundary IoU, NSD and HD95: values worked out by hand, and the rules for what is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import ScoredCase
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.evaluation.objects import overlaps
from emseg_bench.benchmark.evaluation.surfaces import surface_distances

NM = (10.0, 10.0)
PIXEL = np.zeros((5, 5), int)
PIXEL[1, 1] = 1
MOVED = np.roll(PIXEL, 3, axis=1)  # 3 px to the right
BOX = np.zeros((7, 7), int)
BOX[1:6, 1:6] = 1


def test_distances_of_two_pixels(value):
    assert value("hd95", PIXEL, MOVED, spacing=NM)[1] == pytest.approx(30)
    assert value("nsd[tolerance_nm=29]", PIXEL, MOVED, spacing=NM)[1] == 0
    assert value("nsd[tolerance_nm=30]", PIXEL, MOVED, spacing=NM)[1] == 1


def test_distances_follow_the_voxel(value):
    assert value("hd95", PIXEL, MOVED, spacing=(10.0, 4.6))[1] == pytest.approx(3 * 4.6)
    assert value("hd95", PIXEL, np.roll(PIXEL, 1, axis=0), spacing=(50.0, 4.6))[1] == 50
    assert value("nsd[tolerance_nm=13.8]", PIXEL, MOVED, spacing=(10.0, 4.6))[1] == 1, "rounding"


def test_an_image_takes_the_last_two_sides_of_a_volume_s_voxel(value):
    assert value("hd95", PIXEL, MOVED, spacing=(50.0, 10.0, 10.0))[1] == pytest.approx(30)


def test_volumes(value):
    truth = np.zeros((3, 4, 4), int)
    truth[0, 1, 1] = 1
    assert value("hd95", truth, np.roll(truth, 2, axis=0), spacing=(50.0, 8.0, 8.0))[1] == 100


def test_hd95_is_the_larger_of_two_directed_percentiles(value):
    """Truth in columns 0 to 9, all of them surface; the prediction is column 0 alone."""
    truth, prediction = np.ones((1, 10), int), np.zeros((1, 10), int)
    prediction[0, 0] = 1
    assert value("hd95", truth, prediction, spacing=(1.0, 1.0))[1] == pytest.approx(0.95 * 9)
    assert value("hd95", prediction, truth, spacing=(1.0, 1.0))[1] == pytest.approx(0.95 * 9)
    assert value("nsd[tolerance_nm=2]", truth, prediction, spacing=(1.0, 1.0))[1] == pytest.approx(4 / 11)


def test_boundary_iou_leaves_the_inside_out(value):
    """5 x 5 px and the 3 x 3 px inside it: the outer band has 16 px, the inner 8, none in common."""
    smaller = np.zeros_like(BOX)
    smaller[2:5, 2:5] = 1
    assert value("boundary-iou", BOX, smaller)[1] == 0
    assert value("boundary-iou-nm[width_nm=10]", BOX, smaller, spacing=NM)[1] == 0
    # 20 nm: of the larger all but its centre, of the smaller all, the centre included
    assert value("boundary-iou-nm[width_nm=20]", BOX, smaller, spacing=NM)[1] == pytest.approx(8 / 25)


def test_boundary_iou_of_a_hole(value):
    """A hole of a pixel in the middle: bands of 16 px and of 16 + 8 px."""
    holed = BOX.copy()
    holed[3, 3] = 0
    assert value("boundary-iou", BOX, holed)[1] == pytest.approx(16 / 24)


def test_width_is_a_voxel_at_least(value):
    assert value("boundary-iou-nm[width_nm=0.1]", BOX, BOX, spacing=NM)[1] == 1
    assert value("boundary-iou[ratio=0.0001]", BOX, BOX)[1] == 1


def test_width_grows_with_the_image(value):
    """2 % of the diagonal of 100 x 100 px are 3 px: of 9 x 9 px all but 3 x 3 px are near the contour."""
    truth, prediction = np.zeros((2, 100, 100), int)
    truth[20:29, 20:29] = 1
    prediction[23:26, 23:26] = 1
    assert value("boundary-iou", truth, prediction)[1] == 0
    assert value("boundary-iou[ratio=0.04]", truth, prediction)[1] == pytest.approx(9 / 81)


@pytest.mark.parametrize(
    ("metric", "missed"),
    [("boundary-iou", 0), ("boundary-iou-nm", 0), ("nsd", 0), ("hd95", math.hypot(50, 20))],
)
def test_empty_classes(value, metric, missed):
    """hd95 of a class that is on one side only: the diagonal of 5 x 2 px."""
    empty, full = np.zeros((5, 2), int), np.ones((5, 2), int)
    assert math.isnan(value(metric, empty, empty, spacing=NM)[1])
    assert value(metric, full, empty, spacing=NM)[1] == pytest.approx(missed)
    assert value(metric, empty, full, spacing=NM)[1] == pytest.approx(missed)


@pytest.mark.parametrize("metric", ["boundary-iou", "boundary-iou-nm", "nsd", "hd95"])
def test_ignored_pixels_are_in_no_surface(value, metric):
    truth, prediction = BOX.copy(), BOX.copy()
    truth[:, 4:], prediction[:, 5:] = 9, 0
    best = 0 if metric == "hd95" else 1
    assert value(metric, truth, prediction, spacing=NM, ignore_value=9)[1] == best


@pytest.mark.parametrize("metric", ["boundary-iou-nm", "nsd", "hd95"])
@pytest.mark.parametrize("spacing", [None, (8.0, 8.0)])
def test_unknown_voxel_size_is_an_error_never_px(value, metric, spacing):
    volume = np.ones((2, 2, 2), int)
    with pytest.raises(DataError, match="px are never taken instead"):
        value(metric, volume, volume, spacing=spacing)


def test_what_metrics_share_is_made_once():
    case = ScoredCase(
        truth=BOX,
        prediction=np.roll(BOX, 1, axis=0),
        class_names=("background", "box"),
        counts=(),
        ignore_value=None,
        voxel_size_nm=NM,
    )
    assert surface_distances(case, 1) is surface_distances(case, 1)
    assert overlaps(case, 1) is overlaps(case, 1)
    assert case.once("more", lambda: 1) == case.once("more", lambda: 2) == 1
