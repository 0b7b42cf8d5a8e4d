"""Pixels by bins of probability: counted by hand, and against the metric that sums them up."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Case, Manifest
from emseg_bench.benchmark.evaluation import reliability as module
from emseg_bench.benchmark.evaluation.calibration import BINS
from emseg_bench.benchmark.evaluation.labels import to_probabilities
from emseg_bench.benchmark.evaluation.reliability import COLUMNS, reliability, to_reliability


def table_of(truth, logits, **told):
    height, width = truth.shape
    case = Case(id="c", split="test", height=height, width=width, sha256="0")
    names = tuple(f"class{label}" for label in range(max(2, len(logits))))
    manifest = Manifest(
        dataset="d",
        class_names=names,
        channels=1,
        mean=(0.5,),
        std=(0.2,),
        cases=(case,),
        split_rule="",
        **told,
    )
    return to_reliability(reliability(case, truth, logits, manifest))


def test_pixels_are_counted_by_hand():
    """0.02 and 0.05 lie in the first bin of 1/15, 0.5 in the eighth, 0.97 and 1 in the last."""
    probabilities = torch.tensor([[0.02, 0.05, 0.5], [1.0, 0.97, 0.5]], dtype=torch.float64)
    truth = np.array([[0, 1, 1], [1, 0, 9]], np.uint8)
    table = table_of(truth, torch.logit(probabilities)[None], ignore_value=9)
    assert tuple(table) == COLUMNS
    found = table.drop(columns=["case", "probability_sum"]).to_numpy().tolist()
    assert found == [[1, 0, 2, 1], [1, 7, 1, 1], [1, 14, 2, 1]]
    assert table["probability_sum"].tolist() == pytest.approx([0.07, 0.5, 1.97])


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_calibration_error_is_the_metric_s(value, monkeypatch, outputs):
    """In stripes of two rows, which change nothing."""
    monkeypatch.setattr(module, "_PIXELS", 100)
    torch.manual_seed(outputs)
    logits, classes = 2 * torch.randn(outputs, 41, 50), max(2, outputs)
    truth = np.random.default_rng(0).choice([*range(classes), 9], (41, 50)).astype(np.uint8)
    table = table_of(truth, logits, ignore_value=9)
    expected = value(
        "ece",
        truth,
        np.zeros_like(truth),
        classes=classes,
        ignore_value=9,
        probabilities=to_probabilities(logits),
    )
    gaps = (table["true_pixels"] - table["probability_sum"]).abs()
    sums = table.assign(gap=gaps).groupby("class_index")[["gap", "pixels"]].sum()
    assert sums["pixels"].tolist() == [(truth != 9).sum()] * (classes - 1)
    assert (sums["gap"] / sums["pixels"]).tolist() == pytest.approx(expected[1:], abs=1e-6)
    assert table["bin"].between(0, BINS - 1).all()


def test_classes_that_are_not_scored_and_images_without_truth_have_no_row():
    logits = torch.randn(3, 4, 5)
    assert set(table_of(np.ones((4, 5), np.uint8), logits, scored_classes=(0, 2))["class_index"]) == {2}
    nowhere = table_of(np.full((4, 5), 9, np.uint8), logits, ignore_value=9)
    assert (len(nowhere), nowhere["pixels"].dtype) == (0, np.int64)
