"""The evaluation loop: every case of a split through the model and into the table of scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from torch import Tensor

from ..contracts.basics import Precision
from ..contracts.data import Axes, Case, Dataset, Metric, Sample
from ..contracts.errors import DataError, TrialError
from ..files.cache import cache_folder
from .aggregation import COUNT_NAMES
from .inference import inference
from .kept_slices import KeptSlices
from .labels import to_probabilities
from .scoring import ScoreRow, score_case, to_frame
from .scratch import scratch_array
from .segmenter import Segmenter
from .sliding_window import Kept
from .volumes import segment_volume

Labels: TypeAlias = np.ndarray[Any, Any]
GoingOn: TypeAlias = Callable[[Case, Segmenter], AbstractContextManager[Kept | KeptSlices | None]]
"""Gives where a case is gone on with that was begun before; the context lasts until it is scored."""
OnCase: TypeAlias = Callable[[Case, Sample, Labels, Sequence[ScoreRow]], None]
OnLogits: TypeAlias = Callable[[Case, Sample, Tensor], None]


def evaluate(
    segmenter: Segmenter,
    dataset: Dataset,
    cases: Sequence[Case],
    *,
    metrics: Mapping[str, Metric],
    precision: Precision,
    on_case: OnCase,
    on_logits: OnLogits = lambda *_: None,
    scratch: Path | None = None,
    going_on: GoingOn = lambda *_: nullcontext(),
) -> pd.DataFrame:
    """Segment and score cases; a volume is segmented slice by slice and scored as one case.

    Args:
        segmenter: Predicts; its model's evaluation mode is set here and undone at the end.
        dataset: Reads the cases' pixels, and checks them (`CheckedDataset`).
        cases: What to score, in this order.
        metrics: By name.
        precision: ``bf16``: under autocast.
        on_case: Called after each case with the case, its pixels, the (H, W) or (Z, Y, X) uint8
            prediction, which may be a memory map, and its rows of the table.
        on_logits: Called before `on_case` with each case that is an image, its pixels and its (K, H, W)
            logits.
        scratch: Folder for what of large volumes does not fit into memory; None: the cache folder.
        going_on: Keeps what is known of a case while it is segmented.

    Returns:
        The table of `contracts.reporting.Trial.cases`.

    Raises:
        DataError: A case cannot be read, or its pixels do not fit the normalisation; names the case.
        TrialError: The model's output is wrong; names the case, and the slice of a volume.
        StoreError: There is no space for a large volume's labels.
    """
    _check_names(metrics)
    manifest = dataset.manifest
    predictor = _Predictor(segmenter, manifest.axes, scratch or cache_folder())
    rows: list[ScoreRow] = []
    with inference(segmenter.model, segmenter.device, precision):
        for case in cases:
            sample = dataset.read(case)
            with going_on(case, segmenter) as kept:
                try:
                    prediction, logits = predictor.predict(case, sample, kept)
                    probabilities = None if logits is None else partial(to_probabilities, logits)
                    scored = score_case(
                        case, sample.labels, prediction, manifest, metrics, probabilities, sample.instances
                    )
                except (DataError, TrialError) as error:
                    raise type(error)(f"case {case.id!r}: {error}") from error
                if logits is not None:
                    on_logits(case, sample, logits)
                on_case(case, sample, prediction, scored)
            rows += scored
    return to_frame(rows)


def in_order(tables: Sequence[pd.DataFrame], cases: Sequence[Case]) -> pd.DataFrame:
    """Join the tables of shares of some cases into the one of all.

    Args:
        tables: Of every case once.
        cases: In the order of the table.
    """
    filled = [table for table in tables if len(table)] or tables[:1]
    places = {case.id: place for place, case in enumerate(cases)}
    whole = pd.concat(filled, ignore_index=True)
    order = whole["case"].map(places).argsort(kind="stable")
    return whole.iloc[order].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class _Predictor:
    """Segments images and volumes."""

    segmenter: Segmenter
    axes: Axes
    scratch: Path

    def predict(
        self, case: Case, sample: Sample, kept: Kept | KeptSlices | None
    ) -> tuple[Labels, Tensor | None]:
        """Predict labels; of an image, give the logits too."""
        slices, sums = (kept, None) if isinstance(kept, KeptSlices) else (None, kept)
        if case.depth is not None:
            return self._volume(sample.image[0], slices), None
        logits = replace(self.segmenter, kept=sums).logits(sample.image)
        return self.segmenter.labels(logits), logits

    def _volume(self, volume: Labels, kept: KeptSlices | None) -> Labels:
        labels = kept.labels(volume.shape) if kept else scratch_array(volume.shape, np.uint8, self.scratch)
        return segment_volume(self.segmenter, volume, self.axes, out=labels, scratch=self.scratch, kept=kept)


def _check_names(metrics: Mapping[str, Metric]) -> None:
    taken = [name for name in COUNT_NAMES if name in metrics]
    if taken:
        raise TrialError(
            f"a metric is called {taken[0]!r}, the name of a confusion count: rename the metric."
        )
