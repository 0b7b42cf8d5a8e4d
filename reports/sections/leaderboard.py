"""The ranked table: scores, how sure they are, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...benchmark.contracts.reporting import Board, ReportSection
from ..column import BoardColumn
from ..columns import cost_columns, score_columns, tuning_columns
from ..footnotes import about_cost, about_rank, about_rules, about_score, about_tuning
from ..grid import Grid, bullets, escape_markdown, html, markdown
from ..leaderboard import leaderboard
from ..schema import Leaderboard
from ..templating import render
from ..tuning.grids import chosen_grid
from ..usage import about_uses, uses, uses_markdown
from ..wording import metric_heading


def section(board: Board, folder: Path) -> ReportSection:  # noqa: ARG001 - draws nothing
    """Rank the board's models."""
    table = leaderboard(board)
    tables: list[tuple[Grid, Sequence[str]]] = [
        (
            _grid(table, "score", score_columns(table)),
            (about_score(table), *about_rules(table), about_rank()),
        ),
        (_grid(table, "cost", cost_columns(table)), about_cost(table)),
    ]
    if columns := tuning_columns(table):
        tables.append((_grid(table, "tuning", columns), about_tuning(table)))
        tables.append((chosen_grid(table), ()))
    found = uses(board, table)
    values = {
        "claims": table.claims,
        "notes": (*table.notes, *table.remarks),
        "tables": [(html(grid), reading) for grid, reading in tables],
        **about_uses(found),
    }
    parts = (
        escape_markdown(table.claims[0]),
        bullets(table.claims[1:]),
        bullets((*table.notes, *table.remarks)),
        *(text for grid, reading in tables for text in (markdown(grid), bullets(reading))),
        uses_markdown(found),
    )
    text = "\n\n".join(part for part in parts if part)
    return ReportSection(html=render("leaderboard.html", values), markdown=text)


def _grid(table: Leaderboard, what: str, columns: Sequence[BoardColumn]) -> Grid:
    return Grid(
        caption=f"Models on {table.title} by mean {metric_heading(table.metric)} per "
        f"{table.scoring.unit}: {what}",
        columns=tuple(columns),
        rows=tuple(tuple(column.cell(row) for column in columns) for row in table.rows),
    )
