"""From a board's trials and studies to what its rows, figures and files say of tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ...benchmark.contracts.reporting import Board, Trial
from ...benchmark.contracts.studies import Study
from ..naming import by_row, names_of
from ..statistics import Estimate, finite
from .expected import expected_best
from .importance import importance
from .schema import RowTuning, StudySummary

SECONDS_PER_HOUR = 3600


def row_tuning(board: Board, trials: Sequence[Trial]) -> RowTuning | None:
    """Say how the model of a row was tuned; None on a board of the closed division.

    Args:
        board: With its studies.
        trials: Of the row.
    """
    tuned = trials[0].record.spec.model.tuned
    if tuned is None:
        return None
    study = next((one for one in board.studies if one.name == tuned.study), None)
    return RowTuning(
        study=tuned.study,
        base=tuned.base,
        budget_trials=tuned.trials,
        budget_hours=tuned.hours,
        setting=tuned.setting,
        trials=len(study.tried) if study else None,
        hours=study.seconds / SECONDS_PER_HOUR if study else None,
        best=_best(study) if study else None,
        validation=validation_of(trials, board.primary.name),
        untuned=study.identity if study else None,
    )


def _best(study: Study) -> float | None:
    """Give the validation score of the trial whose setting was chosen; the first of several on a front."""
    scores = {one.number: one.validation for one in study.tried}
    return scores.get(study.best[0]) if study.best else None


def validation_of(trials: Sequence[Trial], metric: str) -> Estimate:
    """Sum up over seeds the validation scores of the states that were tested."""
    kept = [trial.record.selection for trial in trials]
    scores = pd.Series([one.score for one in kept if one and one.metric == metric], dtype=float).dropna()
    return Estimate(mean=finite(scores.mean()), sd=finite(scores.std()), seeds=len(scores))


def study_summaries(board: Board) -> tuple[StudySummary, ...]:
    """Sum up the studies of a board, in the order of its trials."""
    names = names_of(board)
    rows = {row: trials[0].record.spec.model.tuned for row, trials in by_row(board.trials).items()}
    models = {tuned.study: names[row] for row, tuned in rows.items() if tuned}
    return tuple(_summary(study, models) for study in board.studies)


def _summary(study: Study, models: Mapping[str, str]) -> StudySummary:
    shares, unknown = importance(study)
    return StudySummary(
        model=models[study.name],
        study=study,
        expected=expected_best([one.validation for one in study.tried], higher=study.goals[0].higher),
        importance=shares,
        unknown=unknown,
    )
