"""What a board's rows are called: each model in its own way, wherever the report names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from ..benchmark.contracts.reporting import Board, Trial
from ..benchmark.experiments.row_names import row_names
from ..benchmark.files.hashing import model_sha256


@lru_cache(maxsize=1)
def names_of(board: Board) -> Mapping[str, str]:
    """Name the rows of a board, by `row_of` their trials; sections that ask in turn share the answer."""
    return row_names(trial.record.spec.model for trial in board.trials)


def row_of(trial: Trial) -> str:
    """Say which row a trial belongs to: the hash of its model as fingerprints know it."""
    return model_sha256(trial.record.spec.model)


def name_of(trial: Trial, board: Board) -> str:
    """Give the name of the row that a board's trial stands in."""
    return names_of(board)[row_of(trial)]


def by_row(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """Group trials by their rows, in order of appearance."""
    rows: dict[str, list[Trial]] = {}
    for trial in trials:
        rows.setdefault(row_of(trial), []).append(trial)
    return rows
