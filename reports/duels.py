"""Every model against every other, as a map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from .figures import short_name
from .palette import BLACK, BLUE, ORANGE

FEW = 30
"""So many models get a sign in every cell; more are shown by colour alone, dark and light."""
CELLS = (0.3, 0.14)
"""Side of a cell in inches: of few, and of many."""
SIZES = (9, 6)
"""Of letters, likewise."""
LETTER = (0.075, 0.052)
"""Width of a letter in inches, likewise."""
EACH = 5
"""Of many columns, which ones are numbered."""
COLOURS = (ORANGE, "#FFFFFF", BLUE, "#D5D9DE")
"""Worse, open, better, and a model against itself."""
ITSELF = 2


def duels(names: Sequence[str], outcomes: np.ndarray) -> Figure:
    """Draw who is better than whom.

    Args:
        names: From top to bottom and from left to right.
        outcomes: (N, N), by row and column: 1 the row is better for sure, -1 it is worse, 0 neither.
    """
    count, many = len(names), len(names) > FEW
    cell = CELLS[many]
    margin = 0.35 + LETTER[many] * max(len(_line(i, name)) for i, name in enumerate(names))
    side, top = cell * count, 0.3
    figure = Figure(figsize=(margin + side + 0.2, side + top + 0.15))
    width, height = figure.get_size_inches()
    axes = figure.add_axes((margin / width, 0.1 / height, side / width, side / height))
    shown = np.where(np.eye(count, dtype=bool), ITSELF, outcomes)
    colours = ListedColormap(COLOURS)
    axes.imshow(shown + 1, cmap=colours, vmin=-0.5, vmax=3.5, interpolation="none", aspect="auto")
    if not many:
        for outcome, sign, colour in ((1, "+", "white"), (-1, "_", BLACK)):
            rows, columns = np.nonzero(shown == outcome)
            axes.scatter(columns, rows, marker=sign, s=45, color=colour, linewidths=1.6)
    axes.set_yticks(range(count), [_line(i, name) for i, name in enumerate(names)], fontsize=SIZES[many])
    places = [i for i in range(count) if not many or (i + 1) % EACH == 0]
    axes.set_xticks(places, [str(i + 1) for i in places], fontsize=SIZES[many])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    axes.grid(visible=False)
    axes.grid(which="minor", color="#e8eaed", linewidth=0.8 if not many else 0.3)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    return figure


def _line(place: int, name: str) -> str:
    return f"{short_name(name)}  {place + 1}"
