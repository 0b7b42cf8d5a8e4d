"""Calibration and AUROC: values worked out by hand, empty rules, and where probabilities come from."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.evaluation.labels import to_probabilities


def of(*foreground):
    """Two classes from the foreground's probability."""
    line = np.array([foreground])
    return np.stack([1 - line, line])


def test_ece_by_hand(value):
    """Two bins: 0.2 and 0.4 with one true of two, 0.9 with one of one."""
    found = value("ece[bins=2]", [0, 1, 1], [0, 0, 1], probabilities=of(0.2, 0.4, 0.9))
    assert found[1] == pytest.approx(2 / 3 * abs(0.5 - 0.3) + 1 / 3 * abs(1 - 0.9))
    assert found[0] == pytest.approx(found[1]), "the background is the mirror image"


def test_ece_where_the_class_is_missing(value):
    assert value("ece", [0, 0], [0, 0], probabilities=of(0.1, 0.3))[1] == pytest.approx(0.2)


def test_ece_of_certainty(value):
    assert value("ece", [0, 1], [0, 1], probabilities=of(0, 1)) == [0, 0]


def test_auroc_by_hand(value):
    """Of 2 x 2 pairs one is in the wrong order and one is tied."""
    found = value("auroc", [0, 1, 0, 1], [0, 0, 0, 0], probabilities=of(0.5, 0.5, 0.6, 0.9))
    assert found[1] == pytest.approx((0.5 + 0 + 1 + 1) / 4)


def test_auroc_needs_pixels_of_both_kinds(value):
    for truth in ([0, 0], [1, 1]):
        assert all(map(math.isnan, value("auroc", truth, truth, probabilities=of(0.5, 0.6))))


def test_ignored_pixels_do_not_count(value):
    with_ignored = {"probabilities": of(0.2, 0.8, 0.9), "ignore_value": 9}
    without = {"probabilities": of(0.2, 0.8)}
    for metric in ("ece", "auroc"):
        assert value(metric, [0, 1, 9], [0, 1, 1], **with_ignored) == value(metric, [0, 1], [0, 1], **without)
        assert all(map(math.isnan, value(metric, [9, 9, 9], [0, 1, 1], **with_ignored)))


def test_label_maps_alone_are_not_enough(value):
    with pytest.raises(DataError, match="only label maps"):
        value("ece", [0, 1], [0, 1])


@pytest.mark.parametrize("outputs", [1, 3])
def test_probabilities_come_from_logits(outputs):
    logits = torch.randn(outputs, 4, 5)
    found = to_probabilities(logits)
    assert found.shape == (max(2, outputs), 4, 5)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-6)
    both = logits if outputs > 1 else torch.cat([torch.zeros_like(logits), logits])
    np.testing.assert_allclose(found, (both.exp() / both.exp().sum(0)).numpy(), rtol=1e-5)
