"""Colours of classes in pictures and colour tables, wherever label values are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CLASSES: Final = ("#E69F00", "#56B4E9", "#D55E00", "#009E73", "#F0E442", "#CC79A7", "#0072B2")
"""Of label values 1, 2, ... (Okabe & Ito 2008): bright ones first, since they lie on grey images."""
TABLE: Final = 256
"""Values that a table of colours has: those of 8 bits."""


def class_colour(label: int) -> str:
    """Return the colour of a foreground label value; colours repeat after the seventh."""
    return CLASSES[(label - 1) % len(CLASSES)]


def rgb(label: int) -> tuple[int, int, int]:
    """Return the same as red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(class_colour(label)[1:])
    return red, green, blue


def colour_table(values: Iterable[int] = range(TABLE)) -> list[tuple[int, int, int]]:
    """Return red, green and blue of each 8-bit value, black where a value is no foreground class.

    Args:
        values: What stands for each class, background first; those above 255 are left out.
    """
    table = [(0, 0, 0)] * TABLE
    for place, value in enumerate(values):
        if place and value < TABLE:
            table[value] = rgb(place)
    return table
