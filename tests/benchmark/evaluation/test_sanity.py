"""Predictions that look at no image: hand-computed scores, and the truth's own."""

import numpy as np
import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.data import Case, Manifest, Sample
from emseg_bench.benchmark.evaluation import metrics
from emseg_bench.benchmark.evaluation.sanity import BY_SHARE, TRUTH, class_shares, sanity_scores

METRICS = {"iou": metrics.iou(), "recall": metrics.recall()}


class Stored:
    """Cases with given labels, (H, W) or (Z, Y, X) each."""

    def __init__(self, truths, ignore_value=None, **facts):
        self._truths = {f"case{number}": np.array(truth, np.uint8) for number, truth in enumerate(truths)}
        self.manifest = Manifest(
            dataset="stored",
            class_names=("background", "mito", "lyso"),
            channels=1,
            mean=(0.0,),
            std=(1.0,),
            cases=tuple(
                Case(
                    id=name,
                    split="test",
                    depth=truth.shape[0] if truth.ndim == 3 else None,
                    height=truth.shape[-2],
                    width=truth.shape[-1],
                    sha256=name,
                )
                for name, truth in self._truths.items()
            ),
            split_rule="none",
            ignore_value=ignore_value,
            **facts,
        )

    def read(self, case):
        truth = self._truths[case.id]
        return Sample(np.zeros((1, *truth.shape), np.uint8), truth)


def sane(dataset):
    return sanity_scores(dataset, dataset.manifest.cases, METRICS)


def value(table, predictor, metric, index, case="case0"):
    keys = ["predictor", "metric", "class_index", "case"]
    return table.set_index(keys)["value"].loc[(predictor, metric, index, case)]


def test_one_class_everywhere_scores_its_share():
    table = sane(Stored([[[0, 0, 1, 1], [0, 0, 1, 2]]]))  # shares 4, 3 and 1 of 8
    assert value(table, "all background", "iou", 0) == 4 / 8
    assert value(table, "all background", "iou", 1) == 0
    assert value(table, "all mito", "iou", 1) == 3 / 8
    assert value(table, "all mito", "recall", 1) == 1
    assert value(table, "all mito", "iou", 2) == 0


def test_the_most_frequent_foreground_class_is_taken():
    table = sane(Stored([[[0, 0, 0, 1]], [[2, 2, 2, 2]]]))
    assert "all lyso" in set(table["predictor"])


def test_the_truth_is_perfect_with_ignored_pixels_too():
    table = sane(Stored([[[0, 1, 255, 2]]], ignore_value=255))
    assert [value(table, TRUTH, "iou", index) for index in range(3)] == [1, 1, 1]


def test_shares_leave_ignored_pixels_out():
    stored = Stored([[[0, 1, 255, 1]], [[0, 255, 0, 2]]], ignore_value=255)
    assert class_shares(stored, stored.manifest.cases).tolist() == pytest.approx([3 / 6, 2 / 6, 1 / 6])


def test_random_classes_hit_as_often_as_their_shares_say():
    truth = np.repeat(np.array([0, 1, 2], np.uint8), [5000, 3000, 2000]).reshape(100, 100)
    table = sane(Stored([truth]))
    # A class of share p is hit in p of its pixels: recall p, and IoU p^2 / (2 p - p^2).
    for index, share in enumerate((0.5, 0.3, 0.2)):
        assert value(table, BY_SHARE, "recall", index) == pytest.approx(share, abs=0.03)
        assert value(table, BY_SHARE, "iou", index) == pytest.approx(share / (2 - share), abs=0.03)


def test_it_comes_out_the_same_every_time():
    one, other = (sane(Stored([[[0, 1, 2, 0]], [[1, 1, 0, 0]]])) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_a_volume_scores_as_its_slices_in_one_image():
    flat = np.repeat(np.array([0, 1, 2, 255], np.uint8), [30, 20, 10, 12])
    volume = sane(Stored([flat.reshape(3, 4, 6)], ignore_value=255))
    image = sane(Stored([flat.reshape(12, 6)], ignore_value=255))
    sure = volume["predictor"] != BY_SHARE  # random numbers come slice by slice
    pd.testing.assert_series_equal(volume[sure]["value"], image[sure]["value"])
    assert set(volume["depth"]) == {3}


def test_the_frequent_class_is_one_that_is_scored_and_shares_are_of_all():
    stored = Stored([[[0, 1, 1, 1, 2]]], scored_classes=(0, 2))
    assert class_shares(stored, stored.manifest.cases).tolist() == [1 / 5, 3 / 5, 1 / 5]
    table = sane(stored)
    assert "all lyso" in set(table["predictor"])
    assert set(table["class_index"]) == {0, 2}
