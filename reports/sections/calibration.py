"""Whether probabilities mean what they say: how often a class is there where a model gives it one of 0.7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from ...benchmark.contracts.reporting import Board, ReportSection
from ...benchmark.evaluation.calibration import BINS, Binned
from ..arrays import Floats
from ..figures import (
    MAX_BOARDS,
    MODELS_SHOWN,
    NARROW_NAME,
    Drawing,
    panels,
    room_for,
    save,
    short_name,
    style,
)
from ..grid import Cell, Column, Grid, bullets
from ..illustrated import Illustrated, illustrated
from ..leaderboard import leaderboard
from ..model_colours import model_colours
from ..palette import GREY
from ..reliabilities import Reliability, reliabilities
from ..schema import Leaderboard
from ..templating import render
from ..wording import MISSING, score, share

KIND: Final = "calibration"
FEWEST: Final = 100
"""Pixels of a bin that is drawn: the share of fewer is chance."""
DRAWN: Final = 8
"""Classes; of more the figure would be longer than a page."""
COLUMNS: Final = 2
"""Of the figure, a class each."""
HEIGHT: Final = 3.8
"""Of a class, in inches."""
TOP: Final = 0.35
"""Above the first classes, in inches."""
THIN_LINES: Final = 5
"""With more seeds, single ones are not drawn."""
EDGES: Final = np.linspace(0, 1, BINS + 1)
NO_ROOM: Final = (
    f"Calibration is shown for the first {MAX_BOARDS} boards of a report; one of fewer boards has it."
)
VOLUMES: Final = "Of volumes trials keep labels alone, no probabilities: no volume is in this section."


def section(board: Board, folder: Path) -> ReportSection | None:
    """Draw and tabulate how reliable the best models' probabilities are; None if no model has a score."""
    table = leaderboard(board)
    classes = {label: table.class_names[label] for label in table.scoring.classes if label > 0}
    if not table.scored:
        return None
    if not room_for(KIND, folder):  # reading takes long, too
        return ReportSection(html=render("note.html", {"text": NO_ROOM}))
    known = reliabilities(board, table.scored[:MODELS_SHOWN])
    remarks = [*known.missing, *([] if table.scoring.unit == "image" else [VOLUMES])]
    if not known.models:
        if not remarks:  # all pixels are ignored
            return None
        values = {"text": " ".join(remarks)}
        return ReportSection(html=render("note.html", values), markdown=bullets(remarks))
    colours = model_colours(board, table, [model.model for model in known.models])
    parts = Illustrated(
        kind=KIND,
        what="Reliability diagrams",
        alt=f"How often each class is there, by the probability that {', '.join(colours)} give it",
        draw=partial(_draw, table.slug, known.models, classes, colours, folder),
        summary=summary_grid(known.models, classes),
        grid=bins_grid(known.models, classes),
        reading=[*_reading(table), *remarks],
    )
    return illustrated(parts, folder)


# ---------------------------------------------------------------------------------------- figure
def _draw(
    slug: str,
    models: Sequence[Reliability],
    classes: Mapping[int, str],
    colours: Mapping[str, str],
    folder: Path,
) -> Drawing:
    drawn = [*classes.items()][:DRAWN]
    columns = min(COLUMNS, len(drawn))
    rows = -(-len(drawn) // columns)
    with style():
        figure, places = panels(columns, colours, height=HEIGHT * rows)
        figure.subplots_adjust(top=1 - TOP / figure.get_figheight())
        for place in places:
            place.remove()
        grid = figure.add_gridspec(rows, columns, hspace=0.3)
        for number, (label, name) in enumerate(drawn):
            cell = grid[divmod(number, columns)].subgridspec(2, 1, height_ratios=(3, 1), hspace=0.08)
            above = figure.add_subplot(cell[0])
            below = figure.add_subplot(cell[1], sharex=above)
            above.tick_params(labelbottom=False)
            above.set_title(short_name(name, NARROW_NAME))
            _shares(above, models, label, colours)
            _pixels(below, models, label, colours)
        return save(figure, folder, f"{slug}-{KIND}")


def _shares(axes: Axes, models: Sequence[Reliability], label: int, colours: Mapping[str, str]) -> None:
    """Draw how often the class is there against how probable it was."""
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for model in models:
        colour = colours[model.model]
        if 1 < len(model.seeds) <= THIN_LINES:
            for seed in model.seeds:
                axes.plot(
                    *_points(seed.get(label, Binned.empty(BINS))), color=colour, linewidth=0.8, alpha=0.4
                )
        points = _points(model.of(label))
        axes.plot(*points, color=colour, linewidth=2, marker="o", markersize=5, markeredgecolor="white")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="Share that is of the class")


def _points(bins: Binned) -> tuple[Floats, Floats]:
    """Give mean probability and share of true pixels of the bins that are drawn."""
    drawn = bins.pixels >= FEWEST
    pixels = bins.pixels[drawn]
    return bins.probability_sum[drawn] / pixels, bins.true_pixels[drawn] / pixels


def _pixels(axes: Axes, models: Sequence[Reliability], label: int, colours: Mapping[str, str]) -> None:
    """Draw how many pixels each bin has."""
    for model in models:
        axes.stairs(model.of(label).pixels, EDGES, color=colours[model.model], linewidth=1.5)
    axes.set_yscale("log")
    axes.set_ylim(bottom=1)
    axes.yaxis.set_major_locator(LogLocator(numticks=4))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(EngFormatter())
    axes.set(xlabel="Probability", ylabel="Pixels")


# ---------------------------------------------------------------------------------------- tables
def summary_grid(models: Sequence[Reliability], classes: Mapping[int, str]) -> Grid:
    """Lay out each model's calibration error by class, and whether it says the class too often."""
    return Grid(
        caption="Calibration error (ECE) by class; below it the mean probability over all pixels, and the "
        "share of them that is of the class",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Seeds"),
            *(Column(title=name) for name in classes.values()),
        ),
        rows=tuple(
            (
                Cell(text=model.model, order=model.model.lower()),
                Cell(text=str(len(model.seeds)), order=len(model.seeds)),
                *(_error(model.of(label)) for label in classes),
            )
            for model in models
        ),
    )


def _error(bins: Binned) -> Cell:
    pixels = float(bins.pixels.sum())
    if not pixels:
        return Cell(text=MISSING)
    said, true = (
        share(float(bins.probability_sum.sum()), pixels),
        share(float(bins.true_pixels.sum()), pixels),
    )
    return Cell(text=score(bins.error), order=bins.error, below=(f"said {said}, is {true}",))


def bins_grid(models: Sequence[Reliability], classes: Mapping[int, str]) -> Grid:
    """Lay out a row per class and bin."""
    return Grid(
        caption="Share of a bin's pixels that is of the class; below it their mean probability and number",
        columns=(
            Column(title="Class", numeric=False, row_header=True),
            Column(title="Probability", unit="from, to", numeric=False),
            *(Column(title=model.model) for model in models),
        ),
        rows=tuple(
            (
                Cell(text=name, order=name),
                Cell(text=f"{low:.2f} to {high:.2f}", order=low),
                *(_bin(model.of(label), place) for model in models),
            )
            for label, name in classes.items()
            for place, (low, high) in enumerate(pairwise(EDGES.tolist()))
        ),
    )


def _bin(bins: Binned, place: int) -> Cell:
    pixels = int(bins.pixels[place])
    if not pixels:
        return Cell(text=MISSING)
    true, said = int(bins.true_pixels[place]) / pixels, float(bins.probability_sum[place]) / pixels
    return Cell(text=score(true), order=true, below=(f"{score(said)}; {pixels:,} px",))


# ----------------------------------------------------------------------------------------- words
def _reading(table: Leaderboard) -> list[str]:
    """Say how to read figure and tables."""
    texts = [
        f"The probability that a model gives a class lies in one of {BINS} bins of equal width. A point is a "
        "bin: across its mean probability, up the share of its pixels that is of the class; its number of "
        "pixels stands below (k: thousand, M: million). On the dashed line probabilities mean what they say; "
        "below it the model is too sure of the class, above it not sure enough.",
        "Pixels are summed over seeds and over the test cases that all models have, and then divided; thin "
        f"lines are single seeds (models with 2 to {THIN_LINES}). Ignored pixels are left out. Bins of fewer "
        f"than {FEWEST} pixels are in the table alone. Neighbouring pixels are much alike: a point is less "
        "sure than so many pixels suggest.",
        "ECE is the mean distance of points from the dashed line, up or down, each weighed by its bin's "
        "pixels. The metric ece is the mean over cases of each case's own, and mostly larger.",
    ]
    if len(table.scored) > MODELS_SHOWN:
        texts.append(f"The best {MODELS_SHOWN} of {len(table.scored)} models are shown.")
    if len(table.foreground) > DRAWN:
        texts.append(f"The first {DRAWN} of {len(table.foreground)} classes are drawn; the tables have all.")
    return texts
