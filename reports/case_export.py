"""Scores of single cases for the statistics programs of others, as the trials wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from ..benchmark.contracts.reporting import Board, Trial
from ..benchmark.evaluation.aggregation import BACKGROUND
from .naming import name_of

LONG = ["board", "dataset", "case", "group", "class", "model", "seed", "metric", "value"]
CHALLENGE = ["task", "algorithm", "case", "value"]
_COLUMNS = {"class_name": "class"}


def long_table(boards: Iterable[Board]) -> pd.DataFrame:
    """Put the scores of all complete trials below each other, a row per case, class, model, seed and metric.

    Args:
        boards: Their trials' tables are taken whole, background and confusion counts (px) included.

    Returns:
        Columns `LONG`; `value` is NaN where a metric is not applicable.
    """
    tables = [
        trial.cases.rename(columns=_COLUMNS).assign(
            board=board.title,
            dataset=trial.record.spec.dataset.label,
            model=name_of(trial, board),
            seed=trial.record.spec.seed,
        )[LONG]
        for board in boards
        for trial in board.complete
    ]
    return _together(tables, LONG)


def challenge_table(boards: Iterable[Board]) -> pd.DataFrame:
    """Give one value per board, model and case: what challengeR and its like rank challenges by.

    A value is the mean by the ranking metric over foreground classes to which it applies, then over seeds.
    challengeR (Wiesenfarth et al. 2021, doi:10.1038/s41598-021-82017-6) reads it with
    ``as.challenge(data, by="task", algorithm="algorithm", case="case", value="value", smallBetter=...)``.

    Returns:
        Columns `CHALLENGE`; a case to which the metric applies for none is NaN there.
    """
    return _together([_task(board) for board in boards], CHALLENGE)


def _task(board: Board) -> pd.DataFrame:
    rows = _together([_ranking(trial, board) for trial in board.complete], ["model", "case", "seed", "value"])
    of_seed = rows.groupby(["model", "case", "seed"], observed=True, sort=False)["value"].mean()
    of_case = of_seed.groupby(["model", "case"], observed=True, sort=False).mean().reset_index()
    return of_case.rename(columns={"model": "algorithm"}).assign(task=board.title)[CHALLENGE]


def _ranking(trial: Trial, board: Board) -> pd.DataFrame:
    """Give what of a trial's scores ranks it."""
    cases = trial.cases
    chosen = cases[(cases["metric"] == board.primary.name) & (cases["class_index"] != BACKGROUND)]
    return chosen.assign(model=name_of(trial, board), seed=trial.record.spec.seed)


def _together(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    if not filled:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(filled, ignore_index=True)
