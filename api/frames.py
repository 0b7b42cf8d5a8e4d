"""A results folder as tidy tables: a row is one observation, and says which trial it is of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Final

import pandas as pd

from ..benchmark.contracts.reporting import Board, Trial
from ..benchmark.experiments.label_counts import labelled_images
from ..benchmark.trials.kept_reliability import read_reliability
from ..benchmark.trials.result_tables import RELIABILITY as BINS
from ..reports.naming import name_of
from ..reports.schema import Leaderboard

OF: Final = ("board", "dataset", "label_fraction", "labelled_images", "model", "seed", "fingerprint")
"""What every table says of a row's trial; `model` is the name on the board."""
TRIALS: Final = (
    *OF,
    *("status", "reason", "metric", "unit", "score"),
    *("validation_score", "kept_iteration", "started", "finished", "folder"),
)
CASES: Final = (
    *OF,
    *("case", "group", "depth", "height", "width", "class_index", "class", "metric", "unit", "value"),
)
CURVES: Final = (*OF, "iteration", "series", "value")
RELIABILITY: Final = (
    *OF,
    *("case", "class_index", "class", "bin", "pixels", "probability_sum", "true_pixels"),
)
PIXELS: Final = ("tp", "fp", "fn", "tn")
"""Confusion counts, px (voxels of a volume)."""


def trials_frame(boards: Sequence[Board], tables: Sequence[Leaderboard]) -> pd.DataFrame:
    """Give a row per trial, failed ones too; `score` as its board compares it: on the cases in common."""
    rows = []
    for board, table in zip(boards, tables, strict=True):
        scores = {seed.fingerprint: seed.score for row in table.rows for seed in row.seeds}
        for trial in board.trials:
            record, kept = trial.record, trial.record.selection
            told = {
                **_of(trial, board),
                "status": record.status,
                "reason": record.reason,
                "metric": board.primary.name,
                "unit": board.primary.unit,
                "score": scores.get(record.fingerprint),
                "validation_score": kept and kept.score,
                "kept_iteration": kept and kept.iteration,
                "started": pd.Timestamp(record.started),
                "finished": pd.Timestamp(record.finished),
                "folder": str(trial.folder),
            }
            rows.append(told)
    return pd.DataFrame(rows, columns=list(TRIALS)).astype({"score": float, "validation_score": float})


def cases_frame(boards: Iterable[Board]) -> pd.DataFrame:
    """Give a row per complete trial, case, class and metric; NaN where a metric does not apply."""
    return _stacked(boards, CASES, _cases)


def curves_frame(boards: Iterable[Board]) -> pd.DataFrame:
    """Give a row per complete trial, iteration and series: training loss, learning rate, validation score."""
    return _stacked(boards, CURVES, lambda trial: trial.curve)


def reliability_frame(boards: Iterable[Board]) -> pd.DataFrame:
    """Give a row per complete trial, test image, class and bin of probability that has a pixel.

    Raises:
        StoreError: What a trial kept is damaged.
    """
    return _stacked(boards, RELIABILITY, _reliability)


def costs_frame(boards: Iterable[Board]) -> pd.DataFrame:
    """Give a row per trial that was profiled, with the columns of `Profile`, units in their names."""
    rows = [
        _of(trial, board) | asdict(trial.record.profile)
        for board in boards
        for trial in board.complete
        if trial.record.profile
    ]
    return pd.DataFrame(rows)


def _cases(trial: Trial) -> pd.DataFrame:
    units = {metric.name: metric.unit for metric in trial.record.spec.metrics} | dict.fromkeys(PIXELS, "px")
    cases = trial.cases.rename(columns={"class_name": "class"})
    return cases.assign(unit=cases["metric"].astype(str).map(units))


def _reliability(trial: Trial) -> pd.DataFrame:
    found = read_reliability(trial)
    bins = pd.DataFrame(columns=list(BINS)) if found is None else found
    return bins.assign(**{"class": bins["class_index"].map(dict(enumerate(trial.record.class_names)))})


def _stacked(
    boards: Iterable[Board], columns: Sequence[str], table_of: Callable[[Trial], pd.DataFrame]
) -> pd.DataFrame:
    tables = [
        table_of(trial).assign(**_of(trial, board))[list(columns)]
        for board in boards
        for trial in board.complete
    ]
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))


def _of(trial: Trial, board: Board) -> dict[str, str | int | float]:
    spec = trial.record.spec
    images = labelled_images(spec)
    values: tuple[str | int | float, ...] = (
        board.title,
        spec.dataset.label,
        spec.label_fraction,
        math.nan if images is None else images,
        name_of(trial, board),
        spec.seed,
        trial.record.fingerprint,
    )
    return dict(zip(OF, values, strict=True))
