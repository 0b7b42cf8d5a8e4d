"""Boards of one data set put together: the folds of a cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev
from typing import Final

from scipy.special import stdtrit

from ..benchmark.contracts.records import DatasetSpec
from .across.comparable import Ranked, common_label
from .cells import score_cell
from .grid import Cell, Column, Grid
from .grouping import groups
from .schema import Leaderboard, Row
from .verdicts.schema import CONFIDENCE
from .wording import MISSING, metric_heading, plural, score, span

FOLDS_READ: Final = (
    "Folds share training images, so their scores are not independent: intervals (95 %) are those of Nadeau "
    "and Bengio (2003), wider than a t-interval by the share of the images that tests, each of one model."
)


@dataclass(frozen=True, slots=True)
class Joined:
    """A table over boards of one data set."""

    title: str
    grid: Grid
    reading: str


def joined(boards: Sequence[Ranked]) -> list[Joined]:
    """Put boards together that differ in their fold alone.

    Args:
        boards: Those that have a score.
    """
    folds = groups([one for one in boards if _folds(one.dataset)], _but_for_fold, _fold)
    return [*map(_over_folds, folds)]


def _folds(dataset: DatasetSpec) -> int:
    folds = dataset.options.get("folds")
    return folds if isinstance(folds, int) else 0  # a plugin's may be anything


def _fold(one: Ranked) -> float:
    fold = one.dataset.options.get("fold")
    return float(fold) if isinstance(fold, int) else 0.0


def _but_for_fold(one: Ranked) -> list[object]:
    options = {key: value for key, value in one.dataset.options.items() if key != "fold"}
    return [one.dataset.name, one.dataset.location, options, one.terms]


def _over_folds(group: Mapping[float, Ranked]) -> Joined:
    first = next(iter(group.values()))
    table, folds = first.table, _folds(first.dataset)
    lines = _lines([one.table for one in group.values()])
    sign = -1 if table.metric.direction == "higher" else 1
    order = sorted(lines, key=lambda name: (-len(_known(lines[name])), sign * _mean(lines[name])))
    label = common_label([one.table.dataset for one in group.values()])
    grid = Grid(
        caption=f"{label}: {metric_heading(table.metric)} over {len(group)} of {plural(folds, 'fold')}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Mean over folds"),
            Column(title="Interval", unit="95 %"),
            *(Column(title=f"Fold {fold:.0f}") for fold in group),
        ),
        rows=tuple(_fold_row(name, lines[name], table, folds) for name in order),
    )
    return Joined(f"Cross-validation: {label}", grid, FOLDS_READ)


def _fold_row(name: str, rows: Sequence[Row | None], table: Leaderboard, folds: int) -> tuple[Cell, ...]:
    unit, known = table.metric.unit, _known(rows)
    low, high = _interval(known, folds)
    return (
        Cell(text=name, order=name.lower()),
        score_cell(_mean(rows), unit),
        Cell(text=MISSING if low is None else span(low, high, unit), order=low),
        *(_mean_cell(row, unit) for row in rows),
    )


def _interval(values: Sequence[float], folds: int) -> tuple[float | None, float | None]:
    """Give Nadeau and Bengio's interval of the mean over folds: each tests what others train on."""
    if len(values) < 2:
        return None, None
    half = stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2) * stdev(values)
    half = float(half * sqrt(1 / len(values) + 1 / (folds - 1)))
    return mean(values) - half, mean(values) + half


def _lines(tables: Sequence[Leaderboard]) -> dict[str, list[Row | None]]:
    """Give each model's row on every table, None where it has none; names are those of the first."""
    names = {row.identity: row.model for table in reversed(tables) for row in table.scored}
    found = [{row.identity: row for row in reversed(table.scored)} for table in tables]
    return {name: [rows.get(identity) for rows in found] for identity, name in names.items()}


def _known(rows: Sequence[Row | None]) -> list[float]:
    return [row.score.mean.mean for row in rows if row and row.score.mean.mean is not None]


def _mean(rows: Sequence[Row | None]) -> float:
    return mean(_known(rows))


def _mean_cell(row: Row | None, unit: str) -> Cell:
    if row is None:
        return Cell(text=MISSING)
    found = row.score.mean
    return Cell(text=score(found.mean, unit), order=found.mean)
