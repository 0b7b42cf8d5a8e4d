"""Score against labels, drawn: a line a model, its points with the intervals of their means."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator

from ..figures import MODELS_SHOWN, Drawing, panels, save, style
from ..model_colours import PageColours
from ..palette import GREY
from ..wording import capitalised, metric_heading
from .schema import LabelEfficiency, Line
from .words import percents

HEIGHT, WIDTH = 4.2, 8.4
"""Of the panel, in inches."""
SECOND_LINE = 0.16
"""Height of the second line of numbers below it, likewise."""
DECADE = 8
"""Labels that span more than this factor are on a logarithmic axis: 1, 3, 10 do."""
APART = 0.015
"""Between the points of two models with equal labels, as a share of the axis."""
MARGIN = 0.08
"""Left and right of the points, likewise."""
CLOSE = 0.07
"""Ticks that are closer, as a share of the axis, would cover each other."""


def draw(found: LabelEfficiency, folder: Path, colours: PageColours) -> Drawing:
    """Draw the best models into the report's folder."""
    shown = found.lines[:MODELS_SHOWN]
    with style():
        figure, (axes,) = panels(1, {line.model: colours.of(line.identity) for line in shown}, HEIGHT, WIDTH)
        figure.subplots_adjust(
            left=0.09, bottom=figure.subplotpars.bottom + SECOND_LINE / figure.get_figheight()
        )
        scale = _Scale(places(found))
        for number, line in enumerate(shown):
            shift = APART * (number - (len(shown) - 1) / 2)
            _draw_line(axes, line, [x + shift for x in scale.positions], colours.of(line.identity))
        if found.blind_mean is not None:
            axes.axhline(found.blind_mean, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
        _scale_x(axes, scale, found)
        axes.set_ylabel(capitalised(f"mean {metric_heading(found.metric)}"))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        return save(figure, folder, f"{found.slug}-labels")


def places(found: LabelEfficiency) -> list[float]:
    """Say where amounts stand: labelled images, or percents where these are not known."""
    if found.training_images is None:
        return [100 * one.share for one in found.amounts]
    return [float(one.images or 0) for one in found.amounts]


class _Scale:
    """Where on an axis from 0 to 1 numbers of labels stand.

    Args:
        numbers: Rising.
    """

    def __init__(self, numbers: Sequence[float]) -> None:
        self.logarithmic = numbers[-1] / numbers[0] >= DECADE
        values = [log(number) if self.logarithmic else number for number in numbers]
        self.positions = [(value - values[0]) / (values[-1] - values[0]) for value in values]


def _draw_line(axes: Axes, line: Line, positions: Sequence[float], colour: str) -> None:
    means = [point.score.mean if point else None for point in line.points]
    for x, point in zip(positions, line.points, strict=True):
        if point and point.interval:
            axes.vlines(x, point.interval.low, point.interval.high, color=colour, linewidth=1.4, alpha=0.75)
    axes.plot(
        positions,
        [float("nan") if mean is None else mean for mean in means],
        color=colour,
        linewidth=1.6,
        marker="o",
        markersize=6,
        markeredgecolor="white",
    )


def _scale_x(axes: Axes, scale: _Scale, found: LabelEfficiency) -> None:
    """Name the amounts themselves on the axis, from the most down as far as there is room."""
    axes.set_xlim(-MARGIN, 1 + MARGIN)
    named: list[int] = []
    for place in reversed(range(len(scale.positions))):
        if not named or scale.positions[named[-1]] - scale.positions[place] >= CLOSE:
            named.append(place)
    axes.xaxis.set_major_locator(FixedLocator([scale.positions[place] for place in named]))
    axes.set_xticklabels([_tick(found, place) for place in named])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    how = ", logarithmic" if scale.logarithmic else ""
    known = found.training_images
    axes.set_xlabel(
        f"Labelled images (of {known:,}{how})" if known else f"Labelled share of the images (%{how})"
    )


def _tick(found: LabelEfficiency, place: int) -> str:
    one = found.amounts[place]
    return percents(one) if one.images is None else f"{one.images:,}\n{percents(one)}"
