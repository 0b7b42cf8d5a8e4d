"""The evaluation loop: every case of a split through the model and into the table of scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..contracts import Case, Dataset, Manifest, Metric, Precision, Sample, ScoringProtocol
from ..errors import DataError, TrialError
from ..inference import inference
from ..normalise import to_input
from .labels import to_labels
from .scoring import COUNT_NAMES, ScoreRow, score_case, to_frame
from .sliding_window import predict_logits


def evaluate(
    model: nn.Module,
    dataset: Dataset,
    cases: Sequence[Case],
    *,
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
        protocol: Overlap, blending and threshold come from here.
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
        DataError: A case cannot be read, or its pixels do not fit the manifest; names the case.
        TrialError: The model's output is wrong; names the case.
    """
    _check_names(metrics)
    manifest = dataset.manifest
    rows: list[ScoreRow] = []
    with inference(model, device, precision):
        for case in cases:
            sample = dataset.read(case)
            try:
                logits = predict_logits(
                    model,
                    _input(sample, manifest, device),
                    window=window,
                    overlap=protocol.overlap,
                    blending=protocol.blending,
                    size_divisor=size_divisor,
                    batch_size=batch_size,
                )
                _check_classes(logits, manifest)
                prediction = to_labels(logits, protocol.threshold)
                rows += score_case(case, sample.labels, prediction, manifest, metrics)
            except (DataError, TrialError) as error:
                raise type(error)(f"case {case.id!r}: {error}") from error
            on_case(case, sample, prediction)
    return to_frame(rows)


def _input(sample: Sample, manifest: Manifest, device: torch.device | str) -> Tensor:
    """Return the image as (C, H, W) float32 on `device`, moved there in its own, smaller type."""
    return to_input(torch.tensor(sample.image, device=device), manifest.mean, manifest.std)


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
