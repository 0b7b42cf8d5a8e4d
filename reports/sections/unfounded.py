"""What was predicted in cases whose truth has none of it: in no mean, so in sight here."""

from __future__ import annotations

from pathlib import Path

from ...benchmark.contracts.reporting import Board, ReportSection
from ..cells import model_cell
from ..grid import Cell, Column, Grid
from ..leaderboard import leaderboard
from ..schema import Leaderboard, Row
from ..tabled import tabled
from ..wording import MISSING, capitalised

MAX_ROWS = 120
"""On the page; all numbers are in leaderboard.json."""


def section(board: Board, folder: Path) -> ReportSection | None:  # noqa: ARG001 - draws nothing
    """Tabulate pixels of false positives by class; None where the truth has every class in every case."""
    table = leaderboard(board)
    if not any(row.unfounded for row in table.scored):
        return None
    grid = unfounded_grid(table)
    return tabled(grid, (_reading(table),), left_out=len(table.scored) - len(grid.rows))


def unfounded_grid(table: Leaderboard) -> Grid:
    """Lay out a row per model, and a column per class that some test case lacks."""
    names = {item.class_index: item.class_name for row in table.scored for item in row.unfounded}
    return Grid(
        caption=f"Pixels predicted on {table.title} as a class in {table.scoring.unit}s without it",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            *(Column(title=names[label], unit="px, all seeds") for label in sorted(names)),
        ),
        rows=tuple(
            (model_cell(row), *(_cell(row, label, table) for label in sorted(names)))
            for row in table.scored[:MAX_ROWS]
        ),
    )


def _cell(row: Row, label: int, table: Leaderboard) -> Cell:
    for item in row.unfounded:
        if item.class_index == label:
            below = f"in {item.hits} of {item.cases} {table.scoring.unit}s without it"
            return Cell(text=f"{item.pixels:,}", order=item.pixels, below=(below,))
    return Cell(text=MISSING)


def _reading(table: Leaderboard) -> str:
    unit = table.scoring.unit
    if not table.scoring.skips_undefined or (table.ground and table.metric.name in table.ground.own_rule):
        return f"What these {unit}s do to the score is for the published rule to say; pooled IoU counts them."
    return (
        f"{capitalised(unit)}s count for a class where their truth has it, so these pixels are in no score "
        "of it, though they may cover others. Pooled IoU counts them where any truth has the class."
    )
