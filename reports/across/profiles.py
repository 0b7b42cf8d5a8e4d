"""Performance profiles: on how many data sets a model is within how much of the best one (Dolan & Moré 2002).

The distance to the best is a difference here, not a ratio: scores have a unit, and may be 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ..cells import model_cell, score_cell
from ..figures import MODELS_SHOWN, NARROW_NAME, Drawing, save, short_name, style
from ..grid import Cell, Column, Grid
from ..model_colours import PageColours
from ..wording import metric_heading, plural
from .schema import Across, AcrossRow

FEWEST_SETS = 3
COLUMNS = 8
"""Of the table: with more data sets, evenly chosen numbers of them."""
WIDTH, HEIGHT = 9.6, 3.6
"""In inches."""
DASHES = ("-", "--", "-.", ":")
"""Tell lines apart beside their colours."""


def profiles_grid(across: Across) -> Grid:
    """Lay out, per model, within how much of the best it is on 1, 2, ... data sets: its profile's corners."""
    counts = _counts(len(across.sets))
    return Grid(
        caption=f"Within how much of the best a model is: {metric_heading(across.metric)}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            *(Column(title=f"On {plural(count, 'data set')}", unit="within") for count in counts),
        ),
        rows=tuple(_line(row, counts, across.metric.unit) for row in across.rows),
    )


def _counts(sets: int) -> list[int]:
    return sorted({round(count) for count in np.linspace(1, sets, min(sets, COLUMNS))})


def _line(row: AcrossRow, counts: list[int], unit: str) -> tuple[Cell, ...]:
    off = _sorted(row)
    cells = (score_cell(off[count - 1], unit) for count in counts)
    return (model_cell(row), *cells)


def _sorted(row: AcrossRow) -> list[float]:
    return sorted(on.off_best for on in row.sets)


def draw_profiles(across: Across, folder: Path, colours: PageColours) -> Drawing:
    """Draw the share of data sets against the distance to the best."""
    rows = across.rows[:MODELS_SHOWN]
    largest = max(max(_sorted(row)) for row in rows) or 1.0
    with style():
        figure = Figure(figsize=(WIDTH, HEIGHT))
        axes = figure.add_axes((0.075, 0.155, 0.60, 0.80))
        for place, row in enumerate(rows):
            off = _sorted(row)
            axes.step(
                [0.0, *off, 1.05 * largest],
                [0.0, *(np.arange(1, len(off) + 1) / len(off)), 1.0],
                where="post",
                color=colours.of(row.identity),
                linestyle=DASHES[place % len(DASHES)],
                linewidth=2,
                label=short_name(row.model, NARROW_NAME),
            )
        axes.set(
            xlabel=f"Within so much of the best ({metric_heading(across.metric)})",
            ylabel="Share of the data sets",
            ylim=(0, 1.04),
            xlim=(-0.02 * largest, 1.05 * largest),
        )
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="center left", bbox_to_anchor=(0.69, 0.55), fontsize=9)
        return save(figure, folder, f"{across.slug}-profiles")
