"""What others have published on the same data: beside the board, never in it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ...benchmark.contracts.reporting import Board, ReportSection
from ..cells import score_cell
from ..elsewhere import Reference, best_here, references
from ..grid import Cell, Column, Grid, bullets, escape_markdown, html, markdown
from ..leaderboard import leaderboard
from ..publishing import PUBLISHED
from ..schema import Leaderboard
from ..templating import render
from ..wording import MISSING, metric_title, spread

WARNING = (
    "Published elsewhere, and not part of the ranking. Data, division, training, protocol or aggregation may "
    "differ, so a difference to a number here is no finding; only a run here under the same protocol and "
    "division can be compared."
)

OURS = ("iou", "iou-eps", "iou-matched")
"""Metrics of published numbers that are built in."""


def section(board: Board, folder: Path) -> ReportSection | None:  # noqa: ARG001 - draws nothing
    """Tabulate what was published on the board's dataset; None if nothing is known."""
    found = references(board.trials[0].record.spec.dataset.name)
    if not found:
        return None
    table, sources = leaderboard(board), list(dict.fromkeys(_cited(item) for item in found))
    grid = published_grid(table, found, sources)
    reading = [*_best(table, found), *_missing(table, found)]
    reading += [f"[{i}] {text}" for i, text in enumerate(sources, 1)]
    values = {"warning": WARNING, "grid": html(grid), "reading": reading, "file": PUBLISHED}
    text = "\n\n".join((escape_markdown(WARNING), markdown(grid), bullets(reading)))
    return ReportSection(html=render("elsewhere.html", values), markdown=text)


def published_grid(table: Leaderboard, found: Sequence[Reference], sources: Sequence[str]) -> Grid:
    """Lay out a row per published number, and beside it the best mean of the same metric here.

    Args:
        table: The board's leaderboard.
        found: What was published.
        sources: What the numbers in brackets stand for, in order.
    """
    return Grid(
        caption=f"Published on {table.dataset}, not part of the ranking",
        columns=(
            Column(title="Published method", numeric=False, row_header=True),
            Column(title="Source", numeric=False),
            Column(title="Metric", numeric=False),
            Column(title="Published", unit="elsewhere"),
            Column(title="Best here", unit="same metric"),
            Column(title="Conditions", numeric=False),
        ),
        rows=tuple(_row(table, item, sources.index(_cited(item)) + 1) for item in found),
    )


def _row(table: Leaderboard, item: Reference, number: int) -> tuple[Cell, ...]:
    result, metric = item.result, metric_title(item.result.metric)
    of = () if result.classes == "foreground" else (f"of {result.classes}",)
    return (
        Cell(text=item.method, order=item.method.lower()),
        Cell(text=f"[{number}]", order=number),
        Cell(text=metric, order=metric, below=of),
        score_cell(item.score),
        _here(table, item),
        Cell(text=result.conditions, order=result.conditions),
    )


def _here(table: Leaderboard, item: Reference) -> Cell:
    best = best_here(table, item)
    if best is None:
        return Cell(text=MISSING)
    _, own = best
    return Cell(text=spread(own.mean), order=own.mean.mean)


def _best(table: Leaderboard, found: Sequence[Reference]) -> list[str]:
    """Say whose the best means here are, once for each metric."""
    best = {item.result.metric: pair[0] for item in found if (pair := best_here(table, item))}
    return [f"Best here by mean {metric_title(metric)}: {row.model}." for metric, row in best.items()]


def _cited(item: Reference) -> str:
    source = item.source
    place = f"{source.citation}, {source.address}, {source.place} ({source.seen})"
    return f"{place}. Scored by {source.protocol}; {item.result.aggregation}."


def _missing(table: Leaderboard, found: Sequence[Reference]) -> list[str]:
    """Say how to get the metrics that the board lacks, where emseg-bench has them."""
    wanted = dict.fromkeys(
        item.result.metric for item in found if best_here(table, item) is None and item.result.metric in OURS
    )
    here = [score.metric for row in table.scored[:1] for score in (row.score, *row.other_metrics)]
    lacking = [metric for metric in wanted if metric not in here]
    if not lacking or not here:
        return []
    command = shlex.join(["emseg-bench", "rescore", "--metrics", ",".join([*here, *lacking])])
    return [f"Not scored here: {', '.join(lacking)}. {command} does that without a new run."]
