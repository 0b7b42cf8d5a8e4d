from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import ScoredCase
from emseg_bench.benchmark.evaluation.confusion import count
from emseg_bench.benchmark.experiments.making_metrics import make_metrics
from emseg_bench.benchmark.experiments.metric_planning import plan_metric
from emseg_bench.benchmark.plugins.loading import load_plugins


@pytest.fixture(scope="session")
def catalogue():
    return load_plugins().catalogue


@pytest.fixture(scope="session")
def made(catalogue):
    """Make a metric as people write it, each once."""

    @cache
    def made(text):
        (metric,) = make_metrics([plan_metric(text, catalogue)], catalogue).values()
        return metric

    return made


@pytest.fixture
def value(made):
    """Score two label maps with a metric as people write it: one number per class."""

    def value(
        text,
        truth,
        prediction,
        classes=2,
        spacing=None,
        ignore_value=None,
        probabilities=None,
        true_objects=None,
        boundaries=(),
    ):
        truth, prediction = (np.atleast_2d(np.uint8(labels)) for labels in (truth, prediction))
        flat = (labels.reshape(-1, truth.shape[-1]) for labels in (truth, prediction))
        case = ScoredCase(
            truth=truth,
            prediction=prediction,
            class_names=tuple(f"class{label}" for label in range(classes)),
            counts=count(*flat, classes, ignore_value),
            ignore_value=ignore_value,
            voxel_size_nm=spacing,
            boundary_classes=boundaries,
            true_objects=None if true_objects is None else np.atleast_2d(true_objects),
            probabilities=None if probabilities is None else lambda: np.float32(probabilities),
        )
        return made(text)(case)

    return value


@pytest.fixture(scope="session")
def conformance():
    """The script that compares metrics with independent implementations."""
    for package in ("skimage", "monai", "torchmetrics"):
        pytest.importorskip(package, reason=f"{package} is missing")
    sys.path.insert(0, str(Path(__file__).parents[3] / "scripts"))
    try:
        import conformance
    finally:
        sys.path.pop(0)
    return conformance
