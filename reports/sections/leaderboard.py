"""The ranked table: scores, how sure they are, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...benchmark.contracts.reporting import Board, ReportSection
from ..cost import COLUMNS, CostColumn
from ..footnotes import about_cost, about_rank, about_rules, about_score, letter
from ..grid import Cell, Column, Grid, bullets, escape_markdown, html, markdown
from ..leaderboard import leaderboard
from ..schema import ClassScore, Leaderboard, MetricScore, Row
from ..summary import summary
from ..templating import render
from ..wording import MISSING, interval, listing, metric_heading, number, score, spread

MAX_CLASSES = 5
"""With more foreground classes, per-class scores are left to the table of all metrics."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column with what it says about a row."""

    column: Column
    cell: Callable[[Row], Cell]


def section(board: Board, folder: Path) -> ReportSection:  # noqa: ARG001 - draws nothing
    """Rank the board's models."""
    table = leaderboard(board)
    scores, costs = _grid(table, "score", score_fields(table)), _grid(table, "cost", cost_fields(table))
    reading, measuring = (about_score(table), *about_rules(table), about_rank()), about_cost(table)
    values = {
        "summary": summary(table),
        "notes": (*table.notes, *table.remarks),
        "tables": ((html(scores), reading), (html(costs), measuring)),
    }
    parts = (
        escape_markdown(summary(table)),
        bullets((*table.notes, *table.remarks)),
        *(markdown(scores), bullets(reading)),
        *(markdown(costs), bullets(measuring)),
    )
    text = "\n\n".join(part for part in parts if part)
    return ReportSection(html=render("leaderboard.html", values), markdown=text)


def _grid(table: Leaderboard, what: str, fields: Sequence[Field]) -> Grid:
    return Grid(
        caption=f"Models on {table.title} by mean {metric_heading(table.metric)} per "
        f"{table.scoring.unit}: {what}",
        columns=tuple(item.column for item in fields),
        rows=tuple(tuple(item.cell(row) for item in fields) for row in table.rows),
    )


def score_fields(table: Leaderboard) -> list[Field]:
    """Choose what to say about each model's score and how sure it is."""
    return [*_who(_model_and_ties), *_score(table), *_classes(table), *_certainty(table)]


def cost_fields(table: Leaderboard) -> list[Field]:
    """Choose what to say about each model's cost, its score beside it."""
    costs = [Field(Column(title=item.title, unit=item.unit), _cost(item)) for item in COLUMNS]
    if len(table.conditions) > 1:
        costs.append(Field(Column(title="Measured", unit="see below", numeric=False), _measured))
    return [*_who(_model), Field(_mean_column(table), _mean(table)), *costs]


# ---------------------------------------------------------------------------------------- columns
def _who(name: Callable[[Row], Cell]) -> list[Field]:
    model = Column(title="Model", numeric=False, row_header=True)
    return [Field(Column(title="Rank"), _rank), Field(model, name)]


def _mean_column(table: Leaderboard) -> Column:
    return Column(title=f"Mean {metric_heading(table.metric)}", unit="± SD over seeds")


def _mean(table: Leaderboard) -> Callable[[Row], Cell]:
    return lambda row: _estimate(row.score, table.metric.unit)


def _score(table: Leaderboard) -> list[Field]:
    unit = table.metric.unit
    low, high = _range(table)
    scale = f"{score(low, unit)} to {score(high, unit)}" if table.scored else ""
    dots = Field(
        Column(title="Single seeds", unit=scale, numeric=False, page_only=True),
        lambda row: _dots(row, low, high, unit),
    )
    spread_out = [dots] if _has_spread(table) else []
    return [Field(_mean_column(table), _mean(table)), *spread_out, Field(Column(title="Seeds"), _seeds)]


def _has_spread(table: Leaderboard) -> bool:
    """Whether any model has several seeds; else there are no intervals, and a mean is its only seed."""
    return any(len(row.seeds) > 1 for row in table.rows)


def _classes(table: Leaderboard) -> list[Field]:
    names = table.foreground
    if not 2 <= len(names) <= MAX_CLASSES:
        return []
    group = f"{metric_heading(table.metric)} by class"
    return [_class(i, name, group, table.metric.unit) for i, name in enumerate(names)]


def _class(position: int, name: str, group: str, unit: str) -> Field:
    return Field(
        Column(title=name, group=group),
        lambda row: _narrow(class_cell(row.score.foreground[position], unit)),
    )


def _certainty(table: Leaderboard) -> list[Field]:
    unit = table.metric.unit
    intervals = _has_spread(table)
    behind = Column(title="Behind the leader", unit="95 % interval" if intervals else "")
    pooled = Column(title="Pooled IoU", unit="± SD")
    return [
        Field(behind, lambda row: _behind(row, unit, intervals=intervals)),
        Field(pooled, lambda row: _narrow(_estimate(row.pooled_iou, "1"))),
    ]


# ------------------------------------------------------------------------------------------ cells
def _cost(item: CostColumn) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        value: float | None = getattr(row.cost, item.name, None)
        return Cell(text=number(value, item.digits), order=value)

    return cell


def _measured(row: Row) -> Cell:
    if row.cost is None:
        return Cell(text=MISSING)
    return Cell(text=f"as {letter(row.cost.condition)}", order=row.cost.condition)


def _rank(row: Row) -> Cell:
    if row.rank is None:
        return Cell(text=MISSING)
    return Cell(text=str(row.rank), order=row.rank.best)


def _model(row: Row) -> Cell:
    return Cell(text=row.model, order=row.model.lower())


def _model_and_ties(row: Row) -> Cell:
    below = (f"tied with {listing(row.tied_with)}",) if row.tied_with else ()
    return Cell(text=row.model, order=row.model.lower(), below=below)


def _estimate(metric: MetricScore, unit: str) -> Cell:
    return Cell(text=spread(metric.mean, unit), order=metric.mean.mean)


def class_cell(item: ClassScore, unit: str) -> Cell:
    """Show a class's score, and in how many cases it could be scored if not in all."""
    below = () if item.applicable == item.cases else (f"{item.applicable} of {item.cases} cases",)
    return Cell(text=spread(item.score, unit), order=item.score.mean, below=below)


def _narrow(cell: Cell) -> Cell:
    """Put the spread below, so that a table with a column per class fits a window."""
    mean, sign, sd = cell.text.partition(" ± ")
    return replace(cell, text=mean, tail=f"± {sd}") if sign else cell


def _seeds(row: Row) -> Cell:
    done = len(row.seeds)
    text = str(done) if done == row.seeds_planned else f"{done} of {row.seeds_planned}"
    return Cell(text=text, order=done)


def _behind(row: Row, unit: str, *, intervals: bool) -> Cell:
    if row.behind_leader is None:
        return Cell(text="leader", order=0.0) if row.rank else Cell(text=MISSING)
    gap = row.behind_leader.value
    below = (interval(row.behind_leader, unit),) if intervals else ()
    return Cell(text=score(gap, unit), order=gap, below=below)


def _dots(row: Row, low: float, high: float, unit: str) -> Cell:
    found = [(seed.seed, seed.score) for seed in row.seeds if seed.score is not None]
    text = ", ".join(f"seed {seed}: {score(value, unit)}" for seed, value in found)
    dots = tuple((value - low) / (high - low) if high > low else 0.5 for _, value in found)
    return Cell(text=text or MISSING, order=row.score.mean.mean, dots=dots)


def _range(table: Leaderboard) -> tuple[float, float]:
    values = [seed.score for row in table.rows for seed in row.seeds if seed.score is not None]
    return (min(values), max(values)) if values else (0.0, 0.0)
