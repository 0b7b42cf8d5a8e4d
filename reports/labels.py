"""Short texts beside the points of a figure, placed where they cover nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from matplotlib.axes import Axes

PLACES = ((6, 8), (-6, 8), (6, -8), (-6, -8), (0, 11), (0, -11), (12, 0), (-12, 0))
"""Where a text may stand, from its point, in points of the figure; the first one that is free is taken."""
LETTER, LINE = 5.2, 8.0
"""Width of a letter and height of a line at `SIZE`, in points."""
SIZE = 8
MARKER = 4.0
"""Half a marker's side, in points."""


def label(axes: Axes, points: Sequence[tuple[float, float]], texts: Sequence[Sequence[str]]) -> None:
    """Write a text beside each point, within the axes; where none finds a free place, there is none.

    Args:
        axes: With its final scales and limits.
        points: In the units of the axes; no text may cover any of them.
        texts: What may be written beside each point; the first that fits is.
    """
    scale = 72 / axes.figure.dpi
    spots = [(x * scale, y * scale) for x, y in axes.transData.transform(list(points))]
    taken = [(x - MARKER, y - MARKER, x + MARKER, y + MARKER) for x, y in spots]
    left, bottom, right, top = (end * scale for end in axes.bbox.extents)
    for point, spot, own in zip(points, spots, texts, strict=True):
        for text, place in product(own, PLACES):
            box = _box(spot, place, text)
            inside = box[0] > left and box[1] > bottom and box[2] < right and box[3] < top
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                axes.annotate(
                    text,
                    point,
                    xytext=place,
                    textcoords="offset points",
                    ha=("center", "left", "right")[(place[0] > 0) - (place[0] < 0)],
                    va="center",
                    fontsize=SIZE,
                )
                break


def _box(spot: tuple[float, float], place: tuple[int, int], text: str) -> tuple[float, float, float, float]:
    x, y, width = spot[0] + place[0], spot[1] + place[1], LETTER * len(text)
    left = x - width / 2 if place[0] == 0 else x if place[0] > 0 else x - width
    return left, y - LINE / 2, left + width, y + LINE / 2


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
