"""The same counts, summed up in every way: per case, per group, pooled."""

from __future__ import annotations

from pathlib import Path

from ...benchmark.contracts.reporting import Board, ReportSection
from ..aggregates import RATIOS
from ..cells import model_cell
from ..grid import Cell, Column, Grid
from ..leaderboard import leaderboard
from ..schema import AggregateScore, Leaderboard, Row
from ..tabled import tabled
from ..wording import capitalised, metric_title, spread

MAX_ROWS = 120
"""On the page; all numbers are in leaderboard.json."""
FOLDED = "Show IoU, Dice, precision and recall by every aggregate"
READING = (
    "All of these follow from the confusion counts that every trial stores. Per case, a small one weighs as "
    "much as a large one; pooled, every pixel weighs the same, and single cases no longer show.",
    "A group is a volume whose slices are the cases, or a subject: its counts are added up before they are "
    "divided.",
    "Cases and groups whose truth has nothing of a class, or in which a ratio has nothing to divide by, are "
    "left out of its means, whatever the protocol does.",
)


def section(board: Board, folder: Path) -> ReportSection | None:  # noqa: ARG001 - draws nothing
    """Tabulate IoU, Dice, precision and recall by every aggregate; None without a score."""
    table = leaderboard(board)
    if not any(row.aggregates for row in table.scored):
        return None
    grid = aggregates_grid(table)
    lines = sum(len(row.aggregates) for row in table.scored)
    reading = READING if _has_groups(table) else (READING[0], READING[2])
    return tabled(grid, reading, left_out=lines - len(grid.rows), folded=FOLDED)


def aggregates_grid(table: Leaderboard) -> Grid:
    """Lay out a row per model and aggregate."""
    lines = [(row, item) for row in table.scored for item in row.aggregates]
    return Grid(
        caption=f"Overlap on {table.title} by aggregate: mean over foreground classes, ± SD over seeds",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Aggregate", numeric=False),
            *(Column(title=capitalised(metric_title(ratio))) for ratio in RATIOS),
        ),
        rows=tuple(_line(row, item, table) for row, item in lines[:MAX_ROWS]),
    )


def _has_groups(table: Leaderboard) -> bool:
    return any(item.aggregate == "per group" for row in table.rows for item in row.aggregates)


def _line(row: Row, item: AggregateScore, table: Leaderboard) -> tuple[Cell, ...]:
    estimates = (getattr(item, ratio) for ratio in RATIOS)
    return (
        model_cell(row),
        Cell(text=_name(item, table), order=item.aggregate),
        *(Cell(text=spread(estimate), order=estimate.mean) for estimate in estimates),
    )


def _name(item: AggregateScore, table: Leaderboard) -> str:
    if item.aggregate == "pooled":
        return "pooled"
    unit = table.scoring.unit
    names = {
        "per case": f"per {unit}",
        "per group": "per volume or group" if unit == "image" else "per group",
    }
    return f"{names[item.aggregate]} ({item.units})"
