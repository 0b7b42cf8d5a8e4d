"""What all figures of the page have in common: style, colours, size, files.

Figures are drawn on matplotlib's object-oriented interface, so no display and no global state.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator, ScalarFormatter

from .palette import MODELS
from .publishing import FIGURES

FOLDER = FIGURES
MAX_BOARDS = 12
"""So many boards of a report get figures; drawing them takes longer than all else."""
MODELS_SHOWN = len(MODELS)
"""The best so many models are drawn, one colour each."""
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
"""The same numbers give the same file."""
LEGEND_LETTERS = 12
"""Letters per inch of legend."""
LONGEST_NAME = 56
"""Letters of a name in a figure."""
NARROW_NAME = 34
"""Where names have a margin of fixed width."""
NARROW = 6.0
"""Figures of no more inches leave a larger share to the numbers beside them."""
WIDE = 20
"""Axes that span more than this factor are logarithmic."""
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a model's name may hold $
    "svg.hashsalt": "emseg-bench",
    "svg.fonttype": "none",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "axes.edgecolor": "#9aa0a6",
    "axes.labelcolor": "#3c4043",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e8eaed",
    "xtick.color": "#5f6368",
    "ytick.color": "#5f6368",
    "font.size": 10,
    "legend.frameon": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure's file as the page needs it."""

    link: str
    width: int
    """px"""
    height: int
    """px"""


@contextmanager
def style() -> Iterator[None]:
    """Draw in the page's style; names that a font cannot show are no reason to warn."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*missing", category=UserWarning)
        yield


def panels(
    count: int, colours: Mapping[str, str], height: float = 3.6, width: float = 5.2
) -> tuple[Figure, list[Axes]]:
    """Make a figure of so many panels in a row, with a legend of models beneath.

    Args:
        count: Number of panels.
        colours: Of the legend's names; empty: there is none.
        height: Of the panels, in inches.
        width: Of each, in inches.
    """
    columns = _legend_columns([*colours], width * count)
    rows = -(-len(colours) // columns)
    room = 0.15 + 0.22 * rows if colours else 0.1
    figure = Figure(figsize=(width * count, height + room))
    axes = [figure.add_subplot(1, count, i + 1) for i in range(count)]
    figure.subplots_adjust(
        left=0.075 if width * count > NARROW else 0.14,
        right=0.985,
        top=0.92,
        bottom=(0.45 + room) / (height + room),
        wspace=0.22,
    )
    if colours:
        _legend(figure, colours, columns)
    return figure, axes


def _legend(figure: Figure, colours: Mapping[str, str], columns: int) -> None:
    figure.legend(
        handles=[Line2D([], [], marker="o", linestyle="", color=colour) for colour in colours.values()],
        labels=[_legend_text(name) for name in colours],
        loc="lower center",
        ncols=columns,
        fontsize=9,
        handletextpad=0.1,
    )


def axis(axes: Axes, which: Literal["x", "y"], smallest: float, largest: float) -> None:
    """Make an axis logarithmic if its numbers span a wide range, and give it few plain ticks."""
    wide = smallest > 0 and largest / smallest > WIDE
    target = axes.xaxis if which == "x" else axes.yaxis
    if not wide:
        target.set_major_locator(MaxNLocator(5))
        return
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    target.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
    target.set_minor_locator(NullLocator())
    target.set_minor_formatter(NullFormatter())
    target.set_major_formatter(ScalarFormatter())


def save(figure: Figure, folder: Path, name: str) -> Drawing:
    """Write a figure into the report as SVG: sharp at any size, and half the time of a PNG.

    Args:
        figure: The finished figure.
        folder: The report's folder.
        name: File name without its ending; unique in the report.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    link = f"{FOLDER}/{name}.svg"
    figure.savefig(folder / link, metadata=NO_METADATA)
    width, height = figure.get_size_inches()
    return Drawing(link=link, width=round(100 * width), height=round(100 * height))


def room_for(kind: str, folder: Path) -> bool:
    """Say whether the report may have another board's figures of a kind (ending of their names)."""
    return len(list((folder / FOLDER).glob(f"*-{kind}.svg"))) < MAX_BOARDS


def no_room(what: str) -> str:
    """Say why a board has no figure."""
    return (
        f"{what} are drawn for the first {MAX_BOARDS} boards of a report only. "
        "All numbers are in leaderboard.json; a report of fewer boards draws them."
    )


def _legend_columns(names: Sequence[str], width: float) -> int:
    """Say how many of the names fit beside each other in so many inches."""
    longest = max((len(_legend_text(name)) for name in names), default=0)
    return max(1, min(4, len(names), int(width * LEGEND_LETTERS / (longest + 4))))


def short_name(name: str, letters: int = LONGEST_NAME) -> str:
    """Leave out the middle of a long name: its ends tell more, options and where weights start."""
    if len(name) <= letters:
        return name
    end = letters // 3
    return f"{name[: letters - end - 1]}…{name[-end:]}"


def _legend_text(name: str) -> str:
    """Cut long names; matplotlib leaves those with a leading underscore out, unless they are hidden."""
    short = short_name(name)
    return f"\N{ZERO WIDTH SPACE}{short}" if short.startswith("_") else short
