"""Training curves: loss and validation score by iteration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ...benchmark.contracts.reporting import Board, ReportSection, Trial
from ..figures import MODELS_SHOWN, Drawing, axis, no_room, panels, room_for, save, style
from ..grid import bullets
from ..leaderboard import leaderboard
from ..learning import advice
from ..model_colours import model_colours
from ..naming import row_of
from ..schema import Leaderboard
from ..templating import render
from ..wording import metric_heading

KIND = "curves"
LOSS = "train/loss"
POINTS = 100
"""Longer curves are averaged down to so many points."""
FEW_POINTS = 20
"""Lines of so few points show each as a dot."""
THIN_LINES = 5
"""With more seeds, single ones are not drawn."""


def section(board: Board, folder: Path) -> ReportSection | None:
    """Draw how the best models learned; None if no curve was kept."""
    table = leaderboard(board)
    titles = {LOSS: "Training loss", f"val/{table.metric.name}": f"Validation {metric_heading(table.metric)}"}
    shown = {row.key: row.model for row in table.scored[:MODELS_SHOWN]}
    names = list(shown.values())
    curves = _curves(board.complete, shown, list(titles))
    series = [name for name in titles if (curves["series"] == name).any()]
    if not series:
        return None
    drawing = None
    if room_for(KIND, folder):
        colours = model_colours(board, table, names)
        drawing = _draw(table, curves, {name: titles[name] for name in series}, colours, folder)
    told = advice(board, table)
    values = {
        "claims": told,
        "drawing": drawing,
        "note": no_room("Training curves"),
        "caption": _caption(table),
        "alt": f"Training curves of {', '.join(names)}",
    }
    return ReportSection(html=render("curves.html", values), markdown=bullets(told))


def _curves(trials: Sequence[Trial], shown: Mapping[str, str], series: Sequence[str]) -> pd.DataFrame:
    """Columns model, trial, series, iteration, value; at most `POINTS` per trial and series.

    Args:
        trials: Of any rows.
        shown: Names of the rows that are drawn, by their keys.
        series: Which curves.
    """
    drawn = [trial for trial in trials if row_of(trial) in shown and len(trial.curve)]
    if not drawn:
        return pd.DataFrame(columns=["model", "trial", "series", "iteration", "value"])
    lengths = [len(trial.curve) for trial in drawn]
    table = pd.concat([trial.curve for trial in drawn], ignore_index=True)
    table["trial"] = np.repeat(np.arange(len(drawn)), lengths)
    table["model"] = np.repeat([shown[row_of(trial)] for trial in drawn], lengths)
    table = table[table["series"].isin(series) & np.isfinite(table["value"])]
    return _thinned(table)


def _thinned(table: pd.DataFrame) -> pd.DataFrame:
    step = max(1, -(-int(table["iteration"].max() if len(table) else 1) // POINTS))
    bins = table["iteration"].floordiv(step)
    keys = [table["model"], table["trial"], table["series"], bins.rename("bin")]
    return table.groupby(keys, sort=False)[["iteration", "value"]].mean().reset_index()


def _draw(
    table: Leaderboard, curves: pd.DataFrame, titles: dict[str, str], colours: dict[str, str], folder: Path
) -> Drawing:
    with style():
        figure, axes = panels(len(titles), colours)
        for (name, title), place in zip(titles.items(), axes, strict=True):
            _panel(place, curves[curves["series"] == name], colours)
            place.set(xlabel="Iteration", ylabel=title)
            place.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
        return save(figure, folder, f"{table.slug}-{KIND}")


def _panel(axes: Axes, curves: pd.DataFrame, palette: dict[str, str]) -> None:
    seeds = curves.groupby("model")["trial"].transform("nunique")
    thin = curves[(seeds > 1) & (seeds <= THIN_LINES)]
    for (model, _), line in thin.groupby(["model", "trial"]):
        axes.plot(line["iteration"], line["value"], color=palette[str(model)], linewidth=0.8, alpha=0.4)
    mean = curves.groupby(["model", "bin"], sort=False)[["iteration", "value"]].mean().reset_index()
    marker = "o" if mean["bin"].nunique() <= FEW_POINTS else ""
    for model, line in mean.groupby("model", sort=False):
        axes.plot(
            line["iteration"],
            line["value"],
            color=palette[str(model)],
            linewidth=2,
            marker=marker,
            markersize=5,
            markeredgecolor="white",
        )
    axis(axes, "x", 0, 1)
    axis(axes, "y", curves["value"].min(), curves["value"].max())


def _caption(table: Leaderboard) -> str:
    parts = [
        "Training loss and score on the validation split by optimiser step. Thick lines are means over "
        f"seeds, thin lines single seeds (models with 2 to {THIN_LINES}). Long curves are averaged over "
        "neighbouring steps."
    ]
    if len(table.scored) > MODELS_SHOWN:
        parts.append(f"The best {MODELS_SHOWN} of {len(table.scored)} models are shown.")
    return " ".join(parts)
