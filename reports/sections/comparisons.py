"""Every model against every other: who is better for sure."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ...benchmark.contracts.reporting import Board, ReportSection
from ..cells import interval_cell
from ..duels import duels
from ..figures import Drawing, save, style
from ..footnotes import ENDS_AT_0
from ..grid import Cell, Column, Grid
from ..illustrated import Illustrated, illustrated
from ..leaderboard import leaderboard
from ..publishing import COMPARISONS
from ..schema import Leaderboard
from ..verdicts.schema import Comparison, Verdicts
from ..wording import MISSING, metric_title, plural, probability

KIND = "duels"
FEWEST = 3
"""Of two contenders, the table of the section before says it all."""
MAX_ROWS = 120
"""On the page; all pairs are in comparisons.csv."""


def section(board: Board, folder: Path) -> ReportSection | None:
    """Draw the map and tabulate all pairs; None of two contenders, or if nothing is known."""
    table = leaderboard(board)
    verdicts = table.verdicts
    if verdicts is None or verdicts.scope.kind == "none" or len(verdicts.names) < FEWEST:
        return None
    grid = pairs_grid(table, verdicts)
    parts = Illustrated(
        kind=KIND,
        what="Maps of who is better than whom",
        alt="Map of all models against each other: which is better for sure",
        draw=partial(_draw, table, verdicts, folder),
        grid=grid,
        reading=_reading(verdicts, len(grid.rows)),
    )
    return illustrated(parts, folder)


def _draw(table: Leaderboard, verdicts: Verdicts, folder: Path) -> Drawing:
    with style():
        return save(duels(verdicts.names, verdicts.signs()), folder, f"{table.slug}-{KIND}")


def pairs_grid(table: Leaderboard, verdicts: Verdicts) -> Grid:
    """Lay out a row per pair, those of the first model first."""
    return Grid(
        caption=f"Pairs of models on {table.title} by {metric_title(table.metric)}, {verdicts.scope.phrase}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="is", numeric=False),
            Column(title="Other", numeric=False),
            Column(title="Better by", unit="95 % interval, all at once"),
            Column(title="p", unit="all at once"),
            Column(title="Won – equal – lost"),
        ),
        rows=tuple(_line(table, verdicts, found) for found in verdicts.comparisons[:MAX_ROWS]),
    )


def _line(table: Leaderboard, verdicts: Verdicts, found: Comparison) -> tuple[Cell, ...]:
    unit, names = table.metric.unit, verdicts.names
    counts = f"{found.wins} – {found.ties} – {found.losses}" if verdicts.scope.units else MISSING
    return (
        Cell(text=names[found.one], order=found.one),
        Cell(text=outcome(found), order=outcome(found)),
        Cell(text=names[found.other], order=found.other),
        interval_cell(found.value, found.interval, unit),
        Cell(text=probability(found.p), order=found.p),
        Cell(text=counts, order=found.wins if verdicts.scope.units else None),
    )


def outcome(found: Comparison) -> str:
    """Say what one contender is to the other."""
    if found.verdict is None:
        return "not told apart from" if found.low is not None else "not compared with"
    return f"surely {found.verdict} than"


def _reading(verdicts: Verdicts, shown: int) -> list[str]:
    pairs = len(verdicts.comparisons)
    sure = sum(found.verdict is not None for found in verdicts.comparisons)
    texts = [
        f"Of {plural(pairs, 'pair')}, {sure:,} can be told apart {verdicts.scope.phrase}. In the map, blue "
        "with +: the model of the row is surely better than that of the column; orange with −: surely worse; "
        f"white: the two cannot be told apart. All verdicts hold at once, with 95 %. {ENDS_AT_0}",
    ]
    if shown < pairs:
        texts.append(f"The table shows the first {shown} pairs; {COMPARISONS} has all.")
    return texts
