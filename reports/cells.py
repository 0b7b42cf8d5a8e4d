"""What the leaderboard's columns show of a row."""

from __future__ import annotations

from dataclasses import replace

from .across.schema import AcrossRow
from .claims import standing
from .footnotes import letter
from .grid import Cell
from .schema import ClassScore, Leaderboard, MetricScore, Row
from .verdicts.schema import Interval
from .wording import MISSING, score, span, spread


def class_cell(item: ClassScore, unit: str) -> Cell:
    """Show a class's score, and in how many cases it could be scored if not in all."""
    below = () if item.applicable == item.cases else (f"{item.applicable} of {item.cases} cases",)
    return Cell(text=spread(item.score, unit), order=item.score.mean, below=below)


def measured_cell(row: Row) -> Cell:
    """Name the conditions that costs were measured under, as the notes below the table do."""
    if row.cost is None:
        return Cell(text=MISSING)
    return Cell(text=f"as {letter(row.cost.condition)}", order=row.cost.condition)


def rank_cell(row: Row) -> Cell:
    """Show the places that the model may hold."""
    if row.rank is None:
        return Cell(text=MISSING)
    return Cell(text=str(row.rank), order=row.rank.best)


def model_cell(row: Row | AcrossRow) -> Cell:
    """Name the model."""
    return Cell(text=row.model, order=row.model.lower())


def score_cell(value: float | None, unit: str = "1") -> Cell:
    """Show a number in units of a metric."""
    return Cell(text=score(value, unit), order=value)


def interval_cell(value: float | None, ends: Interval | None, unit: str, *below: str) -> Cell:
    """Show a number with its interval below it, if it has one, and whatever else is to be said."""
    told = () if ends is None else (span(ends.low, ends.high, unit),)
    return replace(score_cell(value, unit), below=(*told, *below))


def mean_cell(metric: MetricScore, unit: str) -> Cell:
    """Show the mean over seeds and its spread."""
    return Cell(text=spread(metric.mean, unit), order=metric.mean.mean)


def stacked(cell: Cell) -> Cell:
    """Put the spread below, so that a table with a column per class fits a window."""
    mean, sign, sd = cell.text.partition(" ± ")
    return replace(cell, text=mean, tail=f"± {sd}") if sign else cell


def seeds_cell(row: Row) -> Cell:
    """Count the seeds that are complete, and those that should be."""
    done = len(row.seeds)
    text = str(done) if done == row.seeds_planned else f"{done} of {row.seeds_planned}"
    return Cell(text=text, order=done, below=undefined(row.score, row))


def undefined(metric: MetricScore, row: Row) -> tuple[str, ...]:
    """Count in a small line the seeds that have no score; nothing where all have one."""
    lacking = len(row.seeds) - metric.mean.seeds
    return (f"{lacking} undefined",) if lacking else ()


def behind_cell(row: Row, table: Leaderboard) -> Cell:
    """Show how far a mean is behind the first one, with its interval, and what that is worth."""
    if row.rank is None:
        return Cell(text=MISSING)
    told = standing(table, row.behind_first)
    if row.behind_first is None:
        return Cell(text=told, order=0.0)
    found = row.behind_first
    return interval_cell(found.value, found.interval, table.metric.unit, told)


def dots_cell(row: Row, low: float, high: float, unit: str) -> Cell:
    """Show each seed as a dot between the lowest and the highest score of the board."""
    found = [(seed.seed, seed.score) for seed in row.seeds if seed.score is not None]
    text = ", ".join(f"seed {seed}: {score(value, unit)}" for seed, value in found)
    dots = tuple((value - low) / (high - low) if high > low else 0.5 for _, value in found)
    return Cell(text=text or MISSING, order=row.score.mean.mean, dots=dots)


def seed_range(table: Leaderboard) -> tuple[float, float]:
    """Return the lowest and the highest score of any seed."""
    values = [seed.score for row in table.rows for seed in row.seeds if seed.score is not None]
    return (min(values), max(values)) if values else (0.0, 0.0)
