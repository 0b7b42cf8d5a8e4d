"""Intervals of many models, one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .figures import short_name
from .palette import BLACK, BLUE, GREY, VERMILLION
from .verdicts.schema import Interval

FEW = 40
"""So many lines have room; more stand closer."""
HEIGHTS = (0.27, 0.17)
"""Of a line, in inches: of few, and of many."""
SIZES = (9, 6.5)
"""Of letters, likewise."""
LETTER = (0.075, 0.055)
"""Width of a letter in inches, likewise."""
PANEL = 3.9
"""Width of a panel in inches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of a panel."""

    value: float | None
    ends: Interval | None = None
    sure: bool = False
    """Whether a claim stands behind it: drawn filled, and in another colour."""
    dots: tuple[float, ...] = ()
    """Single values, drawn below the line so that nothing lies on another."""
    total: bool = False
    """Whether it sums up those above it: drawn as a diamond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Bars over one axis."""

    title: str
    bars: tuple[Bar, ...]
    """One per name."""
    lines: tuple[float, ...] = ()
    """Where to draw a dashed line across."""


def forest(
    names: Sequence[str], panels: Sequence[Panel], headings: Sequence[int] = (), panel_width: float = PANEL
) -> Figure:
    """Draw a line per name in every panel.

    Args:
        names: From top to bottom.
        panels: From left to right.
        headings: Which names stand above others, and are bold.
        panel_width: In inches.
    """
    many = len(names) > FEW
    margin = 0.25 + LETTER[many] * max(len(short_name(name)) for name in names)
    height, room = HEIGHTS[many] * len(names) + 0.25, 0.62
    width = margin + (panel_width + 0.25) * len(panels)
    figure = Figure(figsize=(width, height + room))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    figure.subplots_adjust(
        left=margin / width,
        right=1 - 0.15 / width,
        top=1 - 0.08 / (height + room),
        bottom=(room - 0.08) / (height + room),
        wspace=0.09,
    )
    for place, panel in zip(axes, panels, strict=True):
        _panel(place, panel, small=many)
    axes[0].set_yticks(range(len(names)), [short_name(name) for name in names], fontsize=SIZES[many])
    for place in headings:
        axes[0].get_yticklabels()[place].set_fontweight("bold")
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    return figure


def _panel(axes: Axes, panel: Panel, *, small: bool) -> None:
    for line in panel.lines:
        axes.axvline(line, color=BLACK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    drawn = [(row, bar, bar.value) for row, bar in enumerate(panel.bars) if bar.value is not None]
    dots = [(dot, row + 0.32) for row, bar, _ in drawn for dot in bar.dots]
    if dots:
        axes.plot(*zip(*dots, strict=True), linestyle="", marker="|", markersize=4, color=GREY, zorder=2)
    for sure, colour in ((False, BLUE), (True, VERMILLION)):
        chosen = [(row, bar, value) for row, bar, value in drawn if bar.sure == sure]
        _intervals(axes, [(row, bar.ends) for row, bar, _ in chosen if bar.ends], colour)
        for total, marker, size in ((False, "o", 0), (True, "D", 1)):
            marked = [(value, row) for row, bar, value in chosen if bar.total == total]
            axes.plot(
                [value for value, _ in marked],
                [row for _, row in marked],
                linestyle="",
                marker=marker,
                markersize=(3.5 if small else 5) + size,
                color=colour,
                markerfacecolor=colour if sure else "white",
                zorder=3,
            )
    axes.set_xlabel(panel.title)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.05)


def _intervals(axes: Axes, ends: Sequence[tuple[int, Interval]], colour: str) -> None:
    rows, low, high = [row for row, _ in ends], [one.low for _, one in ends], [one.high for _, one in ends]
    axes.hlines(rows, low, high, colors=colour, linewidth=1.6, zorder=2)
    above, below = [row - 0.16 for row in rows], [row + 0.16 for row in rows]
    axes.vlines([*low, *high], [*above, *above], [*below, *below], colors=colour, linewidth=1.2, zorder=2)
