"""Who has the best mean by other metrics, by other aggregates, and without single groups of cases."""

from __future__ import annotations

from pathlib import Path

from ...benchmark.contracts.reporting import Board, ReportSection
from ..cells import score_cell
from ..grid import Cell, Column, Grid
from ..leaderboard import leaderboard
from ..robustness import left_out
from ..schema import Leaderboard, Order, Robustness
from ..tabled import tabled
from ..wording import capitalised

READING = (
    "All of this is arithmetic on stored scores: a change of places may be chance, as the places may be."
)


def section(board: Board, folder: Path) -> ReportSection | None:  # noqa: ARG001 - draws nothing
    """Tabulate them; None with fewer than two rows to put in order."""
    table = leaderboard(board)
    if table.robustness is None:
        return None
    grid, reading = orders_grid(table, table.robustness), (left_out(table.robustness), READING)
    return tabled(grid, reading)


def orders_grid(table: Leaderboard, found: Robustness) -> Grid:
    """Lay out a row per metric and aggregate."""
    return Grid(
        caption=f"Best mean on {table.title}, however scores are summed up",
        columns=(
            Column(title="By", numeric=False, row_header=True),
            Column(title="Best mean", numeric=False),
            Column(title="of it"),
            Column(title=f"of {found.first}"),
            Column(title=f"Place of {found.first}"),
        ),
        rows=tuple(_line(order) for order in found.orders),
    )


def _line(order: Order) -> tuple[Cell, ...]:
    return (
        Cell(text=capitalised(order.by), order=order.by),
        Cell(text=order.first, order=order.first.lower()),
        score_cell(order.best, order.unit),
        score_cell(order.leaders, order.unit),
        Cell(text=str(order.place), order=order.place),
    )
