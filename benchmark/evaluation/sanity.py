"""Scores of predictions that look at no image: what any model must beat, and what none can.

All pixels of one class, classes drawn at random by their share of the true pixels, and the truth itself go
through the very code that scores models.  A metric that flatters the first three, or does not give the
truth its best value, is seen at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..contracts import Case, Dataset, Manifest, Metric
from .scoring import ScoreRow, score_case, to_frame

Labels: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
Predictor: TypeAlias = Callable[[Labels], Labels]
"""Maps true labels (H, W) to predicted ones."""

SEED = 0
"""Of the random classes: the same for every model and run."""
COUNTED = ("tp", "fn")
"""Together, a class's true pixels."""
BY_SHARE = "classes at random, by their share"
TRUTH = "the truth itself"


def sanity_scores(
    dataset: Dataset, cases: Sequence[Case], scored: pd.DataFrame, metrics: Mapping[str, Metric]
) -> pd.DataFrame:
    """Score what needs no model.

    Args:
        dataset: Reads the cases' labels.
        cases: What is scored.
        scored: The table of some model's scores of these cases; its counts tell the classes' shares.
        metrics: By name.

    Returns:
        The table of `contracts.Trial.cases`, with the prediction's name before it as ``predictor``.

    Raises:
        DataError: A case cannot be read any more.
    """
    manifest = dataset.manifest
    predictors = _predictors(manifest, class_shares(scored, len(manifest.class_names)))
    rows: dict[str, list[ScoreRow]] = {name: [] for name in predictors}
    for case in cases:
        truth = dataset.read(case).labels
        for name, predict in predictors.items():
            labels = predict(truth)
            certain = partial(_certain, labels, len(manifest.class_names))
            rows[name] += score_case(case, truth, labels, manifest, metrics, certain)
    tables = [to_frame(table).assign(predictor=name) for name, table in rows.items()]
    return pd.concat(tables, ignore_index=True)


def class_shares(scored: pd.DataFrame, classes: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Each class's share of the true pixels that are not ignored, (K,)."""
    true = scored[scored["metric"].isin(COUNTED)].groupby("class_index")["value"].sum()
    pixels = true.reindex(range(classes), fill_value=0.0).to_numpy()
    return np.asarray(pixels / pixels.sum())


def _predictors(manifest: Manifest, shares: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Predictor]:
    frequent = 1 + int(shares[1:].argmax())
    rng = np.random.default_rng(SEED)
    return {
        f"all {manifest.class_names[0]}": lambda truth: np.zeros_like(truth),
        f"all {manifest.class_names[frequent]}": lambda truth: np.full_like(truth, frequent),
        BY_SHARE: lambda truth: _draw(shares, truth.shape, rng),
        TRUTH: lambda truth: _without_ignored(truth, manifest.ignore_value),
    }


def _certain(labels: Labels, classes: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Probabilities (K, H, W) of one who is sure."""
    return np.asarray(labels == np.arange(classes)[:, None, None], np.float32)


def _draw(
    shares: np.ndarray[Any, np.dtype[np.float64]], shape: tuple[int, ...], rng: np.random.Generator
) -> Labels:
    return rng.choice(len(shares), size=shape, p=shares).astype(np.uint8)


def _without_ignored(truth: Labels, ignore_value: int | None) -> Labels:
    return truth if ignore_value is None else np.where(truth == ignore_value, np.uint8(0), truth)
