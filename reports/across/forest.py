"""The forest plot: on every data set how far the first model is ahead of each other one, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..figures import NARROW_NAME, Drawing, save, short_name, style
from ..grid import Cell, Column, Grid
from ..palette import BLACK, BLUE
from ..verdicts.schema import Verdict
from ..wording import metric_heading, score, span
from .schema import Across

RIVALS, LINES = 7, 48
"""Models that are drawn against the first one, in the order of the table, and lines for all of them: with
many data sets there are fewer models."""
LISTED = 50
"""Models in the table; all are in across.csv."""
LINE, ROOM, WIDTH, MARGIN = 0.23, 0.75, 9.6, 3.1
"""In inches: height of a line, of all else, width of the figure, of the names."""
TOLD: dict[Verdict | None, str] = {"better": "yes, ahead", "worse": "yes, behind", None: "no"}
AGAINST = "against "
OVER_ALL = "mean over data sets"


@dataclass(frozen=True, slots=True)
class Line:
    """A difference to be drawn."""

    rival: str
    dataset: str
    value: float
    low: float | None
    high: float | None
    verdict: Verdict | None

    @property
    def over_all(self) -> bool:
        """Whether it is the mean over data sets."""
        return self.dataset == OVER_ALL


def lines(across: Across, rivals: int) -> Iterator[Line]:
    """Give other models' differences to the first: data set by data set, then over all.

    Args:
        across: With at least one row.
        rivals: How many of the others, the best ones.
    """
    if across.verdicts is None:
        return
    for place, row in enumerate(across.rows[1 : 1 + rivals], start=1):
        for named, on in zip(across.sets, row.sets, strict=True):
            if gap := on.behind_first:
                yield Line(row.model, named.dataset, gap.value, gap.low, gap.high, gap.verdict)
        found = across.verdicts.between(0, place)
        yield Line(row.model, OVER_ALL, found.value, found.low, found.high, found.verdict)


def forest_grid(across: Across) -> Grid:
    """Lay out the numbers of the figure."""
    unit = across.metric.unit
    return Grid(
        caption=f"How far {across.rows[0].model} is ahead on each data set and over all, "
        f"in {metric_heading(across.metric)}",
        columns=(
            Column(title="Against", numeric=False, row_header=True),
            Column(title="Data set", numeric=False),
            Column(title="Ahead by"),
            Column(title="95 % interval"),
            Column(title="Told apart", numeric=False),
        ),
        rows=tuple(
            (
                Cell(text=line.rival, order=line.rival.lower()),
                Cell(text=line.dataset, order=line.dataset.lower()),
                Cell(text=score(line.value, unit), order=line.value),
                Cell(text=span(line.low, line.high, unit), order=line.low),
                Cell(text=TOLD[line.verdict], order=TOLD[line.verdict]),
            )
            for line in lines(across, LISTED)
        ),
    )


def rivals_drawn(across: Across) -> int:
    """Say against how many models the first one is drawn."""
    return min(RIVALS, len(across.rows) - 1, max(1, LINES // (len(across.sets) + 2)))


def draw_forest(across: Across, folder: Path) -> Drawing:
    """Draw the differences to the best rivals."""
    rivals = rivals_drawn(across)
    drawn = list(lines(across, rivals))
    with style():
        height = LINE * (len(drawn) + rivals) + ROOM
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes(
            (MARGIN / WIDTH, 0.55 / height, 1 - (MARGIN + 0.15) / WIDTH, 1 - ROOM / height)
        )
        _draw(axes, drawn, across)
        return save(figure, folder, f"{across.slug}-forest")


def _draw(axes: Axes, drawn: list[Line], across: Across) -> None:
    names: list[tuple[float, str]] = []
    place, rival = 0.0, ""
    for line in drawn:
        if line.rival != rival:
            rival = line.rival
            names.append((place, f"{AGAINST}{short_name(rival, NARROW_NAME - len(AGAINST))}"))
            place += 1
        names.append((place, short_name(line.dataset, NARROW_NAME)))
        _mark(axes, line, place)
        place += 1
    axes.axvline(0, color="#5f6368", linewidth=1, zorder=1)
    axes.set_yticks([at for at, _ in names], [text for _, text in names])
    for label, (_, text) in zip(axes.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if text.startswith(AGAINST) else "normal")
        label.set_fontsize(9)
    axes.set_ylim(place - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(
        f"{short_name(across.rows[0].model, NARROW_NAME)} ahead by ({metric_heading(across.metric)})"
    )


def _mark(axes: Axes, line: Line, place: float) -> None:
    """Draw one difference: filled where the models are told apart, a diamond for the mean over data sets."""
    colour = BLACK if line.over_all else BLUE
    if line.low is not None and line.high is not None:
        axes.plot(
            [line.low, line.high], [place, place], color=colour, linewidth=2.2 if line.over_all else 1.4
        )
    axes.plot(
        [line.value],
        [place],
        marker="D" if line.over_all else "o",
        markersize=8 if line.over_all else 6.5,
        color=colour,
        markerfacecolor=colour if line.verdict else "white",
        markeredgewidth=1.6,
        zorder=3,
    )
