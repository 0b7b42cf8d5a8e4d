"""Predictions that look at no image, scored as the models are: what a score is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from ...benchmark.contracts.records import MetricSpec
from ...benchmark.contracts.reporting import Board, ReportSection, Trial
from ..ceilings import perfect
from ..cells import score_cell
from ..common_ground import ground_of
from ..grid import Cell, Column, Grid
from ..leaderboard import leaderboard
from ..schema import Row
from ..scores import POOLED_IOU, scores_of
from ..tabled import tabled
from ..wording import capitalised, listing, metric_heading, metric_title, score

POOLED = "Pooled IoU"
ROUNDING = 1e-9


def section(board: Board, folder: Path) -> ReportSection | None:  # noqa: ARG001 - draws nothing
    """Tabulate them; None if the board's trials did not score them."""
    if board.sanity is None:
        return None
    trial = board.complete[0]
    names = list(dict.fromkeys(board.sanity["predictor"]))
    table = _means(ground_of(board).on(board.sanity), names, trial)
    grid = sanity_grid(table, trial.record.spec.metrics, board.primary)
    reading = (
        *_reading(table, names, board, leaderboard(board).scored),
        *_ceilings(table.iloc[-1], board),
    )
    return tabled(grid, reading)


def sanity_grid(table: pd.DataFrame, metrics: Sequence[MetricSpec], primary: MetricSpec) -> Grid:
    """Lay out a row per prediction.

    Args:
        table: Mean over foreground classes, by prediction (rows) and metric (columns).
        metrics: The protocol's.
        primary: The one that ranks, shown first.
    """
    others = [metric for metric in metrics if metric.name != primary.name]
    return Grid(
        caption="Predictions that look at no image: mean over foreground classes",
        columns=(
            Column(title="Prediction", numeric=False, row_header=True),
            *(Column(title=_title(metric)) for metric in (primary, *others)),
            Column(title=POOLED),
        ),
        rows=tuple(
            (
                Cell(text=str(name), order=str(name)),
                *(score_cell(row[metric.name], metric.unit) for metric in (primary, *others)),
                score_cell(row[POOLED_IOU], "1"),
            )
            for name, row in table.iterrows()
        ),
        sortable=False,
    )


def _means(sanity: pd.DataFrame, names: Sequence[str], trial: Trial) -> pd.DataFrame:
    cases = sanity.assign(trial=sanity["predictor"].map(names.index))
    overall = scores_of(cases, skips_undefined=trial.record.spec.protocol.skips_undefined).overall
    metrics = [*(metric.name for metric in trial.record.spec.metrics), POOLED_IOU]
    table = overall.pivot_table(index="trial", columns="metric", values="value", dropna=False)
    return table.reindex(index=range(len(names)), columns=metrics).set_axis(list(names), axis=0)


def _title(metric: MetricSpec) -> str:
    return capitalised(metric_heading(metric))


def _reading(
    table: pd.DataFrame, names: Sequence[str], board: Board, models: Sequence[Row]
) -> tuple[str, ...]:
    """Say which models do not beat the best prediction that looks at nothing."""
    metric = board.primary
    higher = metric.direction == "higher"
    blind = table[metric.name].iloc[: len(names) - 1].dropna()  # the last one is the truth
    if blind.empty:
        return ()
    best = blind.max() if higher else blind.min()
    name = blind.idxmax() if higher else blind.idxmin()
    bar = f"The best of them by {metric_title(metric)} is “{name}” with {score(best, metric.unit)}"
    means = [(row.model, row.score.mean.mean) for row in models]
    below = [model for model, mean in means if mean is not None and not _beats(mean, best, higher)]
    if not below:
        return (f"{bar}; every model here is better.",)
    verb = "is" if len(below) == 1 else "are"
    return (f"{bar}; {listing(below)} {verb} no better, so {metric_title(metric)} shows no skill of theirs.",)


def _ceilings(truth: pd.Series[float], board: Board) -> Iterator[str]:
    """Say why the truth is not perfect, where metrics of objects compare its label map with its objects."""
    spec = board.complete[0].record.spec
    decoded = any(trial.record.spec.decoder for trial in board.complete)
    metrics = [metric for metric in spec.metrics if metric.of_objects and spec.dataset.has_instances]
    flawed = [metric for metric in metrics if abs(truth[metric.name] - perfect(metric)) > ROUNDING]
    values = [f"{metric_title(metric)} {score(truth[metric.name], metric.unit)}" for metric in flawed]
    if values:
        yield (
            f"The truth itself has {listing(values)}: true objects go by their numbers here, and its label "
            "map, taken apart into connected components as predictions are, joins those that touch and "
            "splits those in pieces. No model can be expected to do better that does not leave gaps between "
            f"objects{', unless a decoder finds them' if decoded else ''}."
        )


def _beats(value: float, bar: float, higher: bool) -> bool:
    return value > bar if higher else value < bar
