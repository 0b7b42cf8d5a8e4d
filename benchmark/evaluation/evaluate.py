"""The evaluation loop: every case of a split through the model and into the table of scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from torch import nn

from ..cache import cache_folder
from ..checked_dataset import check_sides
from ..contracts import (
    Axes,
    Case,
    Dataset,
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
from .scratch import scratch_array
from .segmenter import Segmenter
from .volumes import AXES, segment_volume

Labels: TypeAlias = np.ndarray[Any, Any]
Probabilities: TypeAlias = Callable[[], np.ndarray[Any, Any]]


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
    on_case: Callable[[Case, Sample, Labels], None],
    on_slice: Callable[[], None] = lambda: None,
    scratch: Path | None = None,
) -> pd.DataFrame:
    """Segment and score cases; a volume is segmented slice by slice and scored as one case.

    Args:
        model: On `device`; its evaluation mode is set here and undone at the end.
        dataset: Reads the cases' pixels.
        cases: What to score, in this order.
        normalisation: How pixels become the model's input.
        protocol: Overlap in images and in slices, blending, padding and threshold come from here.
        window: Side of the inference window, px (`sliding_window.window_side`).
        size_divisor: The model's.
        metrics: By name.
        device: Where the model runs.
        precision: ``bf16``: under autocast.
        batch_size: Windows per forward pass.
        on_case: Called after each case with the case, its pixels and the (H, W) or (Z, Y, X) uint8
            prediction, which may be a memory map.
        on_slice: Called after each image and each slice of a volume, for progress; `steps_of` counts them.
        scratch: Folder for what of large volumes does not fit into memory; None: the cache folder.

    Returns:
        The table of `contracts.Trial.cases`.

    Raises:
        DataError: A case cannot be read, or its pixels do not fit manifest or normalisation; names the case.
        TrialError: The model's output is wrong; names the case, and the slice of a volume.
        StoreError: There is no space for a large volume's labels.
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
        num_logits=manifest.num_logits,
    )
    predictor = _Predictor(segmenter, manifest.axes, scratch or cache_folder(), on_slice)
    rows: list[ScoreRow] = []
    with inference(model, device, precision):
        for case in cases:
            sample = dataset.read(case)
            try:
                check_sides(case, sample, manifest)
                prediction, probabilities = predictor.predict(case, sample)
                rows += score_case(
                    case, sample.labels, prediction, manifest, metrics, probabilities, sample.instances
                )
            except (DataError, TrialError) as error:
                raise type(error)(f"case {case.id!r}: {error}") from error
            on_case(case, sample, prediction)
    return to_frame(rows)


def steps_of(cases: Sequence[Case], axes: Axes) -> int:
    """Count how often `evaluate` will call its `on_slice`."""
    return sum(_slices(case, axes) for case in cases)


def _slices(case: Case, axes: Axes) -> int:
    if case.depth is None:
        return 1
    sides = (case.depth, case.height, case.width)
    return sum(sides[axis] for axis in AXES[axes])


@dataclass(frozen=True, slots=True)
class _Predictor:
    """Segments images and volumes."""

    segmenter: Segmenter
    axes: Axes
    scratch: Path
    on_slice: Callable[[], None]

    def predict(self, case: Case, sample: Sample) -> tuple[Labels, Probabilities | None]:
        """Predict labels; of an image, its probabilities can be had too."""
        if case.depth is not None:
            return self._volume(sample.image[0]), None
        logits = self.segmenter.logits(sample.image)
        self.on_slice()
        return to_labels(logits, self.segmenter.protocol.threshold), partial(to_probabilities, logits)

    def _volume(self, volume: Labels) -> Labels:
        labels = scratch_array(volume.shape, np.uint8, self.scratch)
        return segment_volume(
            self.segmenter, volume, self.axes, self.on_slice, out=labels, scratch=self.scratch
        )


def _check_names(metrics: Mapping[str, Metric]) -> None:
    taken = [name for name in COUNT_NAMES if name in metrics]
    if taken:
        raise TrialError(
            f"a metric is called {taken[0]!r}, the name of a confusion count: rename the metric."
        )
