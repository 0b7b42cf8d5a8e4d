"""Boards of one data set put together: the folds of a cross-validation, and shares of its labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev
from typing import Final

from scipy.special import stdtrit

from ..benchmark.contracts.records import DatasetSpec
from ..benchmark.files.hashing import sha256_of
from .across.comparable import Ranked, common_label, newest_first
from .cells import score_cell
from .grid import Cell, Column, Grid
from .schema import Leaderboard, Row
from .verdicts.schema import CONFIDENCE
from .wording import MISSING, metric_heading, plural, score, span, spread

FOLDS_READ: Final = (
    "Folds share training images, so their scores are not independent: intervals (95 %) are those of Nadeau "
    "and Bengio (2003), wider than a t-interval by the share of the images that tests, each of one model."
)
FRACTIONS_READ: Final = "Mean and SD over seeds, each from its own board: test images are the same in all."


@dataclass(frozen=True, slots=True)
class Joined:
    """A table over boards of one data set."""

    title: str
    grid: Grid
    reading: str


def joined(boards: Sequence[Ranked]) -> list[Joined]:
    """Put boards together that differ in their fold alone, or in their share of labels alone.

    Args:
        boards: Those that have a score.
    """
    folds = _groups([one for one in boards if _folds(one.dataset)], _but_for_fold, _fold)
    shares = _groups(boards, _but_for_share, lambda one: one.table.label_fraction)
    return [*map(_over_folds, folds), *map(_over_shares, shares)]


def _groups(
    boards: Sequence[Ranked], same: Callable[[Ranked], list[object]], place: Callable[[Ranked], float]
) -> Iterator[dict[float, Ranked]]:
    """Give the boards that are the same but for their place, by it; of several of one place the newest."""
    found: dict[str, dict[float, Ranked]] = {}
    for one in newest_first(boards):
        found.setdefault(sha256_of(same(one)), {}).setdefault(place(one), one)
    for group in found.values():
        if len(group) > 1:
            yield dict(sorted(group.items()))


def _folds(dataset: DatasetSpec) -> int:
    folds = dataset.options.get("folds")
    return folds if isinstance(folds, int) else 0  # a plugin's may be anything


def _fold(one: Ranked) -> float:
    fold = one.dataset.options.get("fold")
    return float(fold) if isinstance(fold, int) else 0.0


def _but_for_fold(one: Ranked) -> list[object]:
    options = {key: value for key, value in one.dataset.options.items() if key != "fold"}
    return [one.dataset.name, one.dataset.location, options, one.terms]


def _but_for_share(one: Ranked) -> list[object]:
    terms = {key: value for key, value in one.terms.items() if key != "label_fraction"}
    return [one.dataset.manifest_sha256, terms]


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


def _over_shares(group: Mapping[float, Ranked]) -> Joined:
    last = [*group.values()][-1].table
    lines = _lines([one.table for one in group.values()])
    sign = -1 if last.metric.direction == "higher" else 1
    order = sorted(lines, key=lambda name: sign * (_known(lines[name]) or [0.0])[-1])
    grid = Grid(
        caption=f"{last.dataset}: {metric_heading(last.metric)} by the share of the training images that is "
        "labelled",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            *(Column(title=f"{100 * share:g} %", unit="± SD over seeds") for share in group),
        ),
        rows=tuple(
            (
                Cell(text=name, order=name.lower()),
                *(_mean_cell(row, last.metric.unit, seeds=True) for row in lines[name]),
            )
            for name in order
        ),
    )
    return Joined(f"By share of labels: {last.dataset}", grid, FRACTIONS_READ)


def _lines(tables: Sequence[Leaderboard]) -> dict[str, list[Row | None]]:
    """Give each model's row on every table, None where it has none; names are those of the first."""
    names = {row.identity: row.model for table in reversed(tables) for row in table.scored}
    found = [{row.identity: row for row in reversed(table.scored)} for table in tables]
    return {name: [rows.get(identity) for rows in found] for identity, name in names.items()}


def _known(rows: Sequence[Row | None]) -> list[float]:
    return [row.score.mean.mean for row in rows if row and row.score.mean.mean is not None]


def _mean(rows: Sequence[Row | None]) -> float:
    return mean(_known(rows))


def _mean_cell(row: Row | None, unit: str, *, seeds: bool = False) -> Cell:
    if row is None:
        return Cell(text=MISSING)
    found = row.score.mean
    return Cell(text=spread(found, unit) if seeds else score(found.mean, unit), order=found.mean)
