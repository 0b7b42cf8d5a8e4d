"""The evaluation loop: every case of a split through the model and into the table of scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from torch import Tensor

from ..contracts.basics import Precision
from ..contracts.data import Case, Dataset, Manifest, Metric, Sample
from ..contracts.errors import DataError, TrialError
from ..files.cache import cache_folder
from .aggregation import COUNT_NAMES
from .extra_slices import ExtraSlices, to_extra
from .finding import ObjectFinder, Predicted
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
    finder: ObjectFinder | None = None,
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
        finder: Finds predicted objects; None: they are connected components.

    Returns:
        The table of `contracts.reporting.Trial.cases`.

    Raises:
        DataError: A case cannot be read, or its pixels do not fit the normalisation; names the case.
        TrialError: The model's output is wrong; names the case, and the slice of a volume.
        StoreError: There is no space for a large volume's labels.
    """
    _check_names(metrics)
    manifest = dataset.manifest
    predictor = Predictor(segmenter, manifest, scratch or cache_folder(), finder)
    rows: list[ScoreRow] = []
    with inference(segmenter.model, segmenter.device, precision):
        for case in cases:
            sample = dataset.read(case)
            with going_on(case, segmenter) as kept:
                try:
                    predicted = predictor.predict(case, sample, kept)
                    objects = finder.find(predicted, manifest) if finder else None
                    scored = score(case, sample, predicted, objects, manifest, metrics)
                except (DataError, TrialError) as error:
                    raise type(error)(f"case {case.id!r}: {error}") from error
                if predicted.logits is not None:
                    on_logits(case, sample, predicted.logits)
                on_case(case, sample, predicted.labels, scored)
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


def score(
    case: Case,
    sample: Sample,
    predicted: Predicted,
    objects: Labels | None,
    manifest: Manifest,
    metrics: Mapping[str, Metric],
) -> list[ScoreRow]:
    """Score what was predicted of a case, with the objects that a decoder found, if one did.

    Raises:
        DataError: The true labels have the wrong type, shape or values.
        TrialError: The predicted labels have, or a metric gives not one number per class.
    """
    probabilities = None if predicted.logits is None else partial(to_probabilities, predicted.logits)
    return score_case(
        *(case, sample.labels, predicted.labels, manifest, metrics, probabilities, sample.instances, objects)
    )


class Predictor:
    """Segments images and volumes.

    Args:
        segmenter: Its model is in evaluation mode (`inference.inference`).
        manifest: Of the dataset.
        scratch: Folder for what does not fit into memory.
        finder: Finds objects in what is predicted, and says what it needs for that.
    """

    def __init__(
        self, segmenter: Segmenter, manifest: Manifest, scratch: Path, finder: ObjectFinder | None
    ) -> None:
        self._extra = finder.extra_outputs if finder else ()
        self._segmenter = replace(segmenter, keeps_extra=bool(self._extra))
        self._axes, self._scratch = manifest.axes, scratch

    def predict(self, case: Case, sample: Sample, kept: Kept | KeptSlices | None = None) -> Predicted:
        """Segment a case; of a volume whose extra outputs are kept, nothing is gone on with.

        Raises:
            DataError: The pixels do not fit the normalisation.
            TrialError: The model's output is wrong.
            StoreError: There is no space for a large volume's labels.
        """
        slices, sums = (kept, None) if isinstance(kept, KeptSlices) else (None, kept)
        if case.depth is not None:
            return self._volume(sample.image[0], None if self._extra else slices)
        segmenter = replace(self._segmenter, kept=sums)
        outputs = segmenter.logits(sample.image)
        extra = to_extra(segmenter.extra_of(outputs), self._extra) if self._extra else None
        return Predicted(segmenter.labels(outputs), segmenter.logits_of(outputs), extra)

    def _volume(self, volume: Labels, kept: KeptSlices | None) -> Predicted:
        labels = kept.labels(volume.shape) if kept else scratch_array(volume.shape, np.uint8, self._scratch)
        extra = ExtraSlices(self._extra, volume.shape, self._scratch) if self._extra else None
        segment_volume(
            *(self._segmenter, volume, self._axes), out=labels, scratch=self._scratch, kept=kept, extra=extra
        )
        return Predicted(labels, None, extra.values if extra else None)


def _check_names(metrics: Mapping[str, Metric]) -> None:
    taken = [name for name in COUNT_NAMES if name in metrics]
    if taken:
        raise TrialError(
            f"a metric is called {taken[0]!r}, the name of a confusion count: rename the metric."
        )
