"""Scores of the label maps that a trial kept: no model runs for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..contracts.errors import StoreError
from ..contracts.records import TrialSpec
from ..evaluation.scoring import ScoreRow, score_case, to_frame
from ..experiments.making_metrics import make_metrics
from ..experiments.opening import reopen_dataset
from ..files.store import TrialFolder
from ..plugins.registry import Catalogue
from .checked_dataset import CheckedDataset
from .kept_labels import KeptLabels
from .left_behind import left_behind
from .shared_sanity import shared_sanity


@dataclass(frozen=True, slots=True)
class KeptScores:
    """What label maps score, as a trial's tables have it."""

    cases: pd.DataFrame
    sanity: pd.DataFrame
    """Of predictions that look at no image."""


def kept_scores(folder: TrialFolder, spec: TrialSpec, catalogue: Catalogue, cache: Path) -> KeptScores:
    """Score the label maps that a trial kept.

    Args:
        folder: The trial's.
        spec: Says on which data they are, and which metrics score them.
        catalogue: What the plugins offer.
        cache: Folder of converted data.

    Raises:
        StoreError: There are no label maps, or they are damaged.
        DataError: The data is not there any more, or has changed.
        TrialError: A metric fails.
    """
    check_labels(folder)
    dataset = CheckedDataset(reopen_dataset(spec.dataset, catalogue, cache))
    metrics = make_metrics(spec.metrics, catalogue)
    cases = dataset.manifest.split("test")
    labels = KeptLabels(folder.predictions, cases)
    rows: list[ScoreRow] = []
    for number, case in enumerate(cases):
        sample = dataset.read(case)
        predicted = labels.read(number, sample.labels.shape)
        rows += score_case(
            case, sample.labels, predicted, dataset.manifest, metrics, true_objects=sample.instances
        )
    return KeptScores(to_frame(rows), shared_sanity(spec, dataset, metrics, cache))


def check_labels(folder: TrialFolder) -> None:
    """Check that a trial has label maps.

    Raises:
        StoreError: It has none; says why.
    """
    if folder.predictions.is_dir():
        return
    if left_behind(folder):
        raise StoreError("its label maps were left out of the bundle that it comes from.")
    raise StoreError("it kept no label maps, for an older version ran it; run it again to have them.")
