"""The leaderboard's columns about tuning: of the open division only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...benchmark.experiments.tuning_budget import describe_budget
from ..column import BoardColumn, plain
from ..grid import Cell
from ..schema import Leaderboard, Row
from ..wording import metric_heading, number, score, spread
from .schema import RowTuning
from .wording import described, shortly


def tuned_columns(table: Leaderboard) -> Iterator[BoardColumn]:
    """Give all of them, in the order of CSV."""
    unit, heading = table.metric.unit, metric_heading(table.metric)
    validation = _of("validation_mean", lambda one: one.validation.mean)
    yield replace(
        validation,
        title=f"Validation {heading}",
        unit="± SD over seeds",
        short="vali-\ndation",
        cell=lambda row: _cell(row, lambda one: spread(one.validation, unit), validation),
    )
    yield _of("validation_sd", lambda one: one.validation.sd)
    best = _of("tuning_best", lambda one: one.best)
    yield replace(
        best,
        title="Best when tuned",
        unit="validation, of all trials",
        short="best when\ntuned",
        cell=lambda row: _cell(row, lambda one: score(one.best, unit), best),
    )
    budget = _of("tuning_budget", lambda one: describe_budget(one.budget_trials, one.budget_hours))
    yield replace(budget, title="Budget", unit="the same for all", short="budget", numeric=False)
    yield replace(_of("tuning_trials", lambda one: one.trials), title="Trials run", short="tuning\ntrials")
    hours = _of("tuning_hours", lambda one: one.hours)
    yield replace(
        hours,
        title="Tuning took",
        unit="device hours",
        short="tuning\n(h)",
        cell=lambda row: _cell(row, lambda one: number(one.hours), hours),
    )
    setting = _of("tuning_setting", lambda one: described(one.setting))
    yield replace(
        setting,
        short="setting",
        numeric=False,
        cell=lambda row: _cell(row, lambda one: shortly(one.setting), setting),
    )
    yield _of("tuning_study", lambda one: one.study)


def _of(key: str, value: Callable[[RowTuning], object]) -> BoardColumn:
    """Make a column of one fact of `RowTuning`."""
    return plain(key, lambda row: row.tuning and value(row.tuning))


def _cell(row: Row, text: Callable[[RowTuning], str], column: BoardColumn) -> Cell:
    """Show a fact in people's words, and sort by what machines see."""
    order = column.value(row)
    assert row.tuning is not None  # noqa: S101 - for the type: the board is open
    return Cell(text=text(row.tuning), order=order if isinstance(order, str | float) else None)
