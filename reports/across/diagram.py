"""The critical-difference diagram (Demšar 2006): mean places over many data sets, and who they tell apart.

With few data sets it shows next to nothing (docs/statistics.md), so it is drawn from ten on, as a second look
at the order: it knows places alone, not by how much one model is ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..figures import NARROW_NAME, Drawing, save, short_name, style
from ..grid import Cell, Column, Grid
from ..palette import BLACK, BLUE
from .schema import Across

FEWEST_SETS = 10
MOST_MODELS = 20
"""In the figure."""
LINE, ROOM, WIDTH, MARGIN = 0.26, 0.85, 9.6, 2.9
"""In inches: height of a line, of all else, width of the figure, of the names."""


@dataclass(frozen=True, slots=True)
class Places:
    """Models by their mean place."""

    models: tuple[str, ...]
    means: tuple[float, ...]
    critical: float
    """Mean places further apart than this differ at a level of .05, over all pairs at once (Nemenyi)."""

    def not_told_apart(self) -> list[tuple[int, int]]:
        """Give the longest runs of models, first and last, whose places differ by less."""
        last = [
            max(j for j, mean in enumerate(self.means) if mean - first <= self.critical)
            for first in self.means
        ]
        runs = [(i, j) for i, j in enumerate(last) if j > i]
        return [run for place, run in enumerate(runs) if place == 0 or run[1] > runs[place - 1][1]]


def places(across: Across) -> Places:
    """Order the models of a table by their mean places."""
    rows = sorted(across.rows, key=lambda row: row.mean_place)
    return Places(
        models=tuple(row.model for row in rows),
        means=tuple(row.mean_place for row in rows),
        critical=critical_difference(len(rows), len(across.sets)),
    )


def critical_difference(models: int, sets: int, level: float = 0.05) -> float:
    """Give Nemenyi's critical difference of mean places."""
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - level, models, np.inf)) / np.sqrt(2)
    return float(quantile * np.sqrt(models * (models + 1) / (6 * sets)))


def diagram_grid(found: Places) -> Grid:
    """Lay out the numbers of the figure."""
    return Grid(
        caption=f"Mean place over data sets; critical difference {found.critical:.2f}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Mean place"),
            Column(title="Not told apart by places from", unit="models up to"),
        ),
        rows=tuple(
            (
                Cell(text=model, order=model.lower()),
                Cell(text=f"{mean:.2f}", order=mean),
                Cell(text=f"{mean + found.critical:.2f}", order=mean + found.critical),
            )
            for model, mean in zip(found.models, found.means, strict=True)
        ),
    )


def draw_diagram(across: Across, found: Places, folder: Path) -> Drawing:
    """Draw mean places on one axis; bars join models whose places are not told apart."""
    models, means = found.models[:MOST_MODELS], found.means[:MOST_MODELS]
    runs = [(i, min(j, len(models) - 1)) for i, j in found.not_told_apart() if i < len(models) - 1]
    with style():
        height = LINE * (len(models) + 1) + ROOM
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes(
            (MARGIN / WIDTH, 0.55 / height, 1 - (MARGIN + 0.15) / WIDTH, 1 - ROOM / height)
        )
        axes.plot(means, range(len(models)), marker="o", linestyle="", color=BLUE, markersize=7, zorder=3)
        _bars(axes, means, runs)
        axes.set_yticks(range(len(models)), [short_name(model, NARROW_NAME) for model in models], fontsize=9)
        axes.set_ylim(len(models) - 0.4, -1.4)
        axes.plot([means[0], means[0] + found.critical], [-0.9, -0.9], color=BLACK, linewidth=3)
        axes.annotate("critical difference", (means[0], -0.9), (0, 4), textcoords="offset points", fontsize=9)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(f"Mean place over {len(across.sets)} data sets (1 is best)")
        return save(figure, folder, f"{across.slug}-places")


def _bars(axes: Axes, means: Sequence[float], runs: Sequence[tuple[int, int]]) -> None:
    """Join each run of models from its first one's line down to its last one's."""
    for first, last in runs:
        middle = (means[first] + means[last]) / 2
        axes.plot([middle, middle], [first, last], color="#5f6368", linewidth=0.8, zorder=1)
        axes.plot(
            [means[first], means[last]], [first, first], color=BLACK, linewidth=2.4, alpha=0.55, zorder=2
        )
