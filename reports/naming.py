"""What a board's rows are called: each model in its own way, wherever the report names it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from ..benchmark.contracts.records import ModelSpec, Provider
from ..benchmark.contracts.reporting import Board, Trial
from ..benchmark.experiments.row_names import row_names, shortened
from ..benchmark.files.hashing import model_sha256, row_sha256

MARK = "\N{DAGGER}"
"""Behind the names of rows that other code made than is installed now."""
_NOBODY = Provider(distribution="", version="", source_sha256="")


@lru_cache(maxsize=1)
def names_of(board: Board) -> Mapping[str, str]:
    """Name the rows of a board, by `row_of` their trials; sections that ask in turn share the answer.

    Those that other code made than is installed now bear a mark, and where that tells them from others,
    their names do not tell it again.
    """
    rows = {row_of(trial): trial for trial in board.trials}
    names = _names(board, rows.values(), _of_nobody)
    if len({*names}) < len(rows) or not any(trial.outdated for trial in rows.values()):
        names = _names(board, rows.values())
    count, codes = Counter(names), shortened([*rows])
    told = [
        f"{name} (run by code {code})" if count[name] > 1 else name
        for name, code in zip(names, codes, strict=True)
    ]
    return dict(zip(rows, told, strict=True))


def _of_nobody(model: ModelSpec) -> ModelSpec:
    return replace(model, provider=_NOBODY)


def _names(
    board: Board, trials: Iterable[Trial], told: Callable[[ModelSpec], ModelSpec] = lambda model: model
) -> list[str]:
    """Name one trial of each row by what is told of its model, and mark it."""
    names = row_names(told(trial.record.spec.model) for trial in board.trials)
    return [
        names[model_sha256(told(trial.record.spec.model))] + (f" {MARK}" if trial.outdated else "")
        for trial in trials
    ]


def row_of(trial: Trial) -> str:
    """Say which row a trial belongs to: the hash of its model and of all code that made its numbers."""
    return trial.row or row_sha256(trial.record.spec)


def name_of(trial: Trial, board: Board) -> str:
    """Give the name of the row that a board's trial stands in."""
    return names_of(board)[row_of(trial)]


def by_row(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """Group trials by their rows, in order of appearance."""
    rows: dict[str, list[Trial]] = {}
    for trial in trials:
        rows.setdefault(row_of(trial), []).append(trial)
    return rows
