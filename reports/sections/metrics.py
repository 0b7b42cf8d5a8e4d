"""Every metric of every model, by class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...benchmark.contracts.records import MetricSpec
from ...benchmark.contracts.reporting import Board, ReportSection
from ..cells import class_cell, model_cell, undefined
from ..grid import Cell, Column, Grid
from ..leaderboard import leaderboard
from ..schema import Leaderboard, MetricScore, Row
from ..tabled import tabled
from ..wording import capitalised, metric_title, spread

MAX_ROWS = 120
"""On the page; all numbers are in leaderboard.json."""


def section(board: Board, folder: Path) -> ReportSection | None:  # noqa: ARG001 - draws nothing
    """Tabulate all metrics; None if no model has a score."""
    table = leaderboard(board)
    if not table.scored:
        return None
    specs = {spec.name: spec for trial in board.trials for spec in trial.record.spec.metrics}
    grid = metrics_grid(table, specs)
    left_out = _lines(table) * len(table.scored) - len(grid.rows)
    return tabled(grid, left_out=left_out, folded="Show all metrics, model by model and class by class")


def metrics_grid(table: Leaderboard, specs: Mapping[str, MetricSpec]) -> Grid:
    """Lay out a row per model and class, and one for the mean over foreground classes.

    Args:
        table: The leaderboard.
        specs: What is known of each metric, by name.
    """
    metrics = _metrics(table.scored[0])
    shown = table.scored[: max(1, MAX_ROWS // _lines(table))]
    return Grid(
        caption=f"All metrics on {table.title}: means per {table.scoring.unit} (pooled IoU: of all counts), "
        "± SD over seeds; ranks are the places that a model may hold by that metric",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Class", numeric=False),
            *(_column(metric.metric, specs.get(metric.metric)) for metric in metrics),
        ),
        rows=tuple(line for row in shown for line in _model_lines(row, table, specs)),
    )


def _lines(table: Leaderboard) -> int:
    return 1 + len(table.scoring.classes)


def _metrics(row: Row) -> tuple[MetricScore, ...]:
    return (row.score, row.pooled_iou, *row.other_metrics)


def _column(metric: str, spec: MetricSpec | None) -> Column:
    unit = "" if spec is None or spec.unit == "1" else spec.unit
    return Column(title=capitalised(metric_title(spec or metric)), unit=unit)


def _model_lines(row: Row, table: Leaderboard, specs: Mapping[str, MetricSpec]) -> list[tuple[Cell, ...]]:
    units = {name: spec.unit for name, spec in specs.items()}
    metrics = [(metric, units.get(metric.metric, "1")) for metric in _metrics(row)]
    means = (
        Cell(
            text=spread(metric.mean, unit),
            order=metric.mean.mean,
            below=(*_rank(row, metric, table), *_seeds(metric, row)),
        )
        for metric, unit in metrics
    )
    lines = [(model_cell(row), Cell(text="mean of foreground", order="0"), *means)]
    for i, label in enumerate(table.scoring.classes):
        cells = (class_cell(metric.classes[i], unit) for metric, unit in metrics)
        lines.append((model_cell(row), Cell(text=table.class_names[label], order=f"1 {i:03d}"), *cells))
    return lines


def _rank(row: Row, metric: MetricScore, table: Leaderboard) -> tuple[str, ...]:
    """Say which places the model may hold by a metric."""
    for verdicts in table.all_verdicts:
        if verdicts.metric == metric.metric and row.model in verdicts.models:
            return (f"rank {verdicts.places[verdicts.models.index(row.model)]}",)
    return ()


def _seeds(metric: MetricScore, row: Row) -> tuple[str, ...]:
    """Count the seeds that a mean is over, where these are not all."""
    lacking = undefined(metric, row)
    return lacking if metric.mean.seeds else ()
