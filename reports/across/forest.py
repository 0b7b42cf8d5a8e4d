"""The forest plot: on every data set how far the first model is ahead of each other one, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..cells import interval_cell
from ..figures import NARROW_NAME, Drawing, save, short_name, style
from ..forest import Bar, Panel, forest
from ..grid import Cell, Column, Grid
from ..verdicts.schema import Comparison, Verdict
from ..wording import metric_heading
from .schema import Across

RIVALS, LINES = 7, 48
"""Models that are drawn against the first one, in the order of the table, and lines for all of them: with
many data sets there are fewer models."""
LISTED = 50
"""Models in the table; all are in across.csv."""
WIDTH = 6.5
"""Of the panel, in inches."""
TOLD: dict[Verdict | None, str] = {"better": "yes, ahead", "worse": "yes, behind", None: "no"}
OVER_ALL = "mean over data sets"


@dataclass(frozen=True, slots=True)
class Line:
    """A difference to be drawn."""

    rival: str
    dataset: str
    found: Comparison
    over_all: bool = False
    """Whether it is the mean over data sets."""


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
            if on.behind_first:
                yield Line(row.model, named.dataset, on.behind_first)
        yield Line(row.model, OVER_ALL, across.verdicts.between(0, place), over_all=True)


def forest_grid(across: Across) -> Grid:
    """Lay out the numbers of the figure."""
    return Grid(
        caption=f"How far {across.rows[0].model} is ahead on each data set and over all, "
        f"in {metric_heading(across.metric)}",
        columns=(
            Column(title="Against", numeric=False, row_header=True),
            Column(title="Data set", numeric=False),
            Column(title="Ahead by", unit="95 % interval"),
            Column(title="Told apart", numeric=False),
        ),
        rows=tuple(
            (
                Cell(text=line.rival, order=line.rival.lower()),
                Cell(text=line.dataset, order=line.dataset.lower()),
                interval_cell(line.found.value, line.found.interval, across.metric.unit),
                Cell(text=TOLD[line.found.verdict], order=TOLD[line.found.verdict]),
            )
            for line in lines(across, LISTED)
        ),
    )


def rivals_drawn(across: Across) -> int:
    """Say against how many models the first one is drawn."""
    return min(RIVALS, len(across.rows) - 1, max(1, LINES // (len(across.sets) + 2)))


def draw_forest(across: Across, folder: Path) -> Drawing:
    """Draw the differences to the best rivals, under the name of each."""
    names: list[str] = []
    bars: list[Bar] = []
    headings: list[int] = []
    for line in lines(across, rivals_drawn(across)):
        if not headings or line.rival != names[headings[-1]]:
            headings.append(len(names))
            names.append(line.rival)
            bars.append(Bar(value=None))
        found = line.found
        names.append(line.dataset)
        bars.append(
            Bar(value=found.value, ends=found.interval, sure=found.verdict is not None, total=line.over_all)
        )
    first = short_name(across.rows[0].model, NARROW_NAME)
    panel = Panel(title=f"{first} ahead by ({metric_heading(across.metric)})", bars=tuple(bars), lines=(0.0,))
    told = [f"against {name}" if place in headings else name for place, name in enumerate(names)]
    with style():
        return save(forest(told, [panel], headings, WIDTH), folder, f"{across.slug}-forest")
