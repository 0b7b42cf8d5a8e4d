"""Scores of predictions that look at no image: what any model must beat, and what none can.

All pixels of one class, classes drawn at random by their share of the true pixels, and the truth itself go
through the very code that scores models.  A metric that flatters the first three, or does not give the
truth its best value, is seen at once.  Metrics of objects need not give it where true objects are known one
by one: the truth's label map is taken apart into connected components, as any prediction is, so what they
make of it is what a model can reach that separates no touching objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..contracts.data import Case, Dataset, Manifest, Metric, Sample
from .scoring import ScoreRow, score_case, scored_classes, to_frame
from .slicewise import as_slices

Labels: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
Shares: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Predictor: TypeAlias = Callable[[Labels], Labels]
"""Maps true labels, (H, W) or (Z, Y, X), to predicted ones."""

SEED = 0
"""Of the random classes: the same for every model and run."""
BY_SHARE = "classes at random, by their share"
TRUTH = "the truth itself"


def sanity_scores(dataset: Dataset, cases: Sequence[Case], metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """Score what needs no model; of a volume, one byte per voxel is held, beside what metrics need.

    Args:
        dataset: Reads the cases' labels.
        cases: What is scored.
        metrics: By name.

    Returns:
        The table of `Trial.cases`, with the prediction's name as another column, ``predictor``.

    Raises:
        DataError: A case cannot be read any more.
    """
    manifest = dataset.manifest
    predictors = _predictors(manifest, class_shares(dataset, cases))
    rows: dict[str, list[ScoreRow]] = {name: [] for name in predictors}
    for case in cases:
        sample = dataset.read(case)
        for name, predict in predictors.items():
            rows[name] += _score(case, sample, predict(sample.labels), manifest, metrics)
    tables = [to_frame(table).assign(predictor=name) for name, table in rows.items()]
    return pd.concat(tables, ignore_index=True)


def _score(
    case: Case, sample: Sample, labels: Labels, manifest: Manifest, metrics: Mapping[str, Metric]
) -> list[ScoreRow]:
    certain = partial(_certain, labels, len(manifest.class_names))
    return score_case(case, sample.labels, labels, manifest, metrics, certain, sample.instances)


def class_shares(dataset: Dataset, cases: Sequence[Case]) -> Shares:
    """Each class's share of the true pixels that are not ignored, (K,)."""
    pixels = np.zeros(256, np.int64)
    for case in cases:
        for labels in as_slices(dataset.read(case).labels):
            pixels += np.bincount(labels.ravel(), minlength=256)
    if dataset.manifest.ignore_value is not None:
        pixels[dataset.manifest.ignore_value] = 0
    known = pixels[: len(dataset.manifest.class_names)]
    return np.asarray(known / known.sum())


def _predictors(manifest: Manifest, shares: Shares) -> dict[str, Predictor]:
    foreground = [label for label in scored_classes(manifest) if label]
    frequent = max(foreground, key=lambda label: shares[label])
    rng = np.random.default_rng(SEED)
    return {
        f"all {manifest.class_names[0]}": lambda truth: np.zeros(truth.shape, np.uint8),
        f"all {manifest.class_names[frequent]}": lambda truth: np.full(truth.shape, frequent, np.uint8),
        BY_SHARE: lambda truth: _draw(shares, truth.shape, rng),
        TRUTH: lambda truth: _without_ignored(truth, manifest.ignore_value),
    }


def _certain(labels: Labels, classes: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Probabilities (K, H, W) of one who is sure."""
    return np.asarray(labels == np.arange(classes)[:, None, None], np.float32)


def _draw(shares: Shares, shape: tuple[int, ...], rng: np.random.Generator) -> Labels:
    """Draw slice by slice: the numbers that are drawn are 8 times as wide as labels."""
    drawn = np.empty(shape, np.uint8)
    for labels in as_slices(drawn):
        labels[:] = rng.choice(len(shares), size=labels.shape, p=shares)
    return drawn


def _without_ignored(truth: Labels, ignore_value: int | None) -> Labels:
    if ignore_value is None:
        return truth
    labels = np.array(truth)
    for part in as_slices(labels):
        part[part == ignore_value] = 0
    return labels
