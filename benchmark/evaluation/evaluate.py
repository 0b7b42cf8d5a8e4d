"""The evaluation loop: every case of a split through the model and into the table of scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..contracts import (
    Case,
    Dataset,
    Manifest,
    Metric,
    Normalisation,
    Precision,
    Sample,
    ScoringProtocol,
)
from ..errors import DataError, TrialError
from ..inference import inference
from .labels import to_labels, to_probabilities
from .scoring import COUNT_NAMES, ScoreRow, score_case, to_frame
from .segmenter import Segmenter


def evaluate(
    model: nn.Module,
    dataset: Dataset,
    cases: Sequence[Case],
    *,
    normalisation: Normalisation,
    protocol: ScoringProtocol,
    window: int,
    size_divisor: int,
    metrics: Mapping[str, Metric],
    device: torch.device | str,
    precision: Precision,
    batch_size: int,
    on_case: Callable[[Case, Sample, np.ndarray[Any, Any]], None],
) -> pd.DataFrame:
    """Segment and score cases.

    Args:
        model: On `device`; its evaluation mode is set here and undone at the end.
        dataset: Reads the cases' pixels.
        cases: What to score, in this order.
        normalisation: How pixels become the model's input.
        protocol: Overlap, blending, padding and threshold come from here.
        window: Side of the inference window, px (`sliding_window.window_side`).
        size_divisor: The model's.
        metrics: By name.
        device: Where the model runs.
        precision: ``bf16``: under autocast.
        batch_size: Windows per forward pass.
        on_case: Called after each case with the case, its pixels and the (H, W) uint8 prediction, for
            progress and previews.

    Returns:
        The table of `contracts.Trial.cases`.

    Raises:
        DataError: A case cannot be read, or its pixels do not fit manifest or normalisation; names the case.
        TrialError: The model's output is wrong; names the case.
    """
    _check_names(metrics)
    manifest = dataset.manifest
    segmenter = Segmenter(
        model=model,
        normalisation=normalisation,
        protocol=protocol,
        window=window,
        size_divisor=size_divisor,
        device=device,
        batch_size=batch_size,
    )
    rows: list[ScoreRow] = []
    with inference(model, device, precision):
        for case in cases:
            sample = dataset.read(case)
            try:
                logits = segmenter.logits(sample.image)
                _check_classes(logits, manifest)
                prediction = to_labels(logits, protocol.threshold)
                probabilities = partial(to_probabilities, logits)
                rows += score_case(case, sample.labels, prediction, manifest, metrics, probabilities)
            except (DataError, TrialError) as error:
                raise type(error)(f"case {case.id!r}: {error}") from error
            on_case(case, sample, prediction)
    return to_frame(rows)


def _check_names(metrics: Mapping[str, Metric]) -> None:
    taken = [name for name in COUNT_NAMES if name in metrics]
    if taken:
        raise TrialError(
            f"a metric is called {taken[0]!r}, the name of a confusion count: rename the metric."
        )


def _check_classes(logits: Tensor, manifest: Manifest) -> None:
    if logits.shape[0] != manifest.num_logits:
        raise TrialError(
            f"the model gives {logits.shape[0]} logit(s) per pixel, expected {manifest.num_logits} for the "
            f"classes {manifest.class_names} (a binary task has one)."
        )
