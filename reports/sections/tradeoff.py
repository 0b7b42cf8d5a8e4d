"""The figure of score against cost."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from ...benchmark.contracts.reporting import Board, ReportSection
from ..figures import MODELS_SHOWN, Drawing, axis, colours, no_room, panels, room_for, save, style
from ..footnotes import letter
from ..leaderboard import leaderboard
from ..schema import Leaderboard, Row
from ..templating import render
from ..wording import metric_heading, number

KIND = "tradeoff"
COSTS = {"latency_p50_ms": "Latency p50 (ms per image)", "train_seconds": "Training time (s)"}
MARKERS = {"o": "circles", "s": "squares", "D": "diamonds", "^": "triangles", "P": "crosses", "*": "stars"}
"""By conditions of measurement; they repeat after the last."""
SIZES = (60, 420)
"""Marker areas of a model without parameters and of the largest one, in square points."""


def section(board: Board, folder: Path) -> ReportSection | None:
    """Draw what each model scores against what it costs; None if no cost was measured."""
    table = leaderboard(board)
    points = _points(table)
    costs = [name for name in COSTS if points[name].notna().any()]
    if not costs:
        return None
    if not room_for(KIND, folder):
        return ReportSection(html=render("note.html", {"text": no_room("Figures of score against cost")}))
    drawing = _draw(table, points, costs, folder)
    alt = f"Mean {metric_heading(table.metric)} of each model against its latency and training time"
    return ReportSection(
        html=render("drawing.html", {"drawing": drawing, "caption": _caption(table), "alt": alt})
    )


def _points(table: Leaderboard) -> pd.DataFrame:
    rows = [_point(row) for row in table.scored[:MODELS_SHOWN]]
    columns = ["model", "score", "sd", "parameters", "condition", *COSTS]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(["sd", "parameters", *COSTS], "float64"))


def _point(row: Row) -> tuple[object, ...]:
    cost = row.cost
    shared = (row.model, row.score.mean.mean, row.score.mean.sd)
    if cost is None:
        return (*shared, None, 0, *(None for _ in COSTS))
    return (*shared, cost.parameters_m, cost.condition, *(getattr(cost, name) for name in COSTS))


def _draw(table: Leaderboard, points: pd.DataFrame, costs: list[str], folder: Path) -> Drawing:
    names = points["model"].tolist()
    with style():
        figure, axes = panels(len(costs), [_name(row) for row in table.scored[:MODELS_SHOWN]])
        for name, place in zip(costs, axes, strict=True):
            _panel(place, points[points[name].notna()], name, colours(names), metric_heading(table.metric))
        return save(figure, folder, f"{table.slug}-{KIND}")


def _panel(axes: Axes, points: pd.DataFrame, cost: str, palette: dict[str, str], heading: str) -> None:
    axes.errorbar(
        points[cost], points["score"], yerr=points["sd"], fmt="none", ecolor="#9aa0a6", elinewidth=1.2
    )
    sns.scatterplot(
        data=points.fillna({"parameters": points["parameters"].min()}),
        x=cost,
        y="score",
        hue="model",
        palette=palette,
        size="parameters" if points["parameters"].notna().any() else None,
        sizes=SIZES,
        size_norm=(0, points["parameters"].max()),  # from 0, so that nearly equal models look so
        style="condition",
        markers={condition: _marker(condition) for condition in points["condition"].unique()},
        legend=False,
        ax=axes,
        zorder=3,
        alpha=0.9,
    )
    axis(axes, "x", points[cost].min(), points[cost].max())
    axis(axes, "y", 0, 1)
    axes.margins(0.12)
    axes.set(xlabel=COSTS[cost], ylabel=f"Mean {heading}")


def _marker(condition: int) -> str:
    return list(MARKERS)[condition % len(MARKERS)]


def _name(row: Row) -> str:
    if row.cost is None or row.cost.parameters_m is None:
        return row.model
    return f"{row.model} ({number(row.cost.parameters_m)} M)"


def _caption(table: Leaderboard) -> str:
    parts = [
        f"Mean {metric_heading(table.metric)} against cost. Marker areas grow with the number of parameters "
        "(millions, in brackets); bars are ± one standard deviation over seeds, where there is more than one."
    ]
    if len(table.conditions) > 1:
        shapes = (f"{MARKERS[_marker(i)]} as {letter(i)}" for i in range(len(table.conditions)))
        parts.append(f"Costs compare within one shape only; measured {', '.join(shapes)}.")
    if len(table.scored) > MODELS_SHOWN:
        parts.append(f"The best {MODELS_SHOWN} of {len(table.scored)} models are shown.")
    return " ".join(parts)
