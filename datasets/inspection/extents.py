"""How large the objects of each class are, in px: what crops and metrics are chosen by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]

SEEN: Final = 1024
"""Sides of the middle part of an image that is measured, px at most."""
SMALLEST: Final = 16
"""Pixels: what is smaller is taken for noise of labelling."""
FEWEST: Final = 5
"""Objects: of fewer nothing is said."""
WIDE: Final = 90
"""Percentile of the sides: so many objects of a hundred are no wider."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A connected piece of a class in an image."""

    side: float
    """The longer side of the box around it, px."""
    thickness: float
    """Four times the mean distance of its pixels to its border, px: a strip's width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What is usual of a class."""

    pieces: int
    side: float
    """Of `WIDE` % of the pieces, px at most."""
    thickness: float
    """The median, px."""

    @property
    def is_thin(self) -> bool:
        """Tell whether it is drawn as lines, such as membranes: overlap is then mostly a matter of 1 px."""
        return self.thickness <= 8 and self.side >= 5 * self.thickness


def pieces_of(labels: Array, ignore_value: int | None) -> dict[int, list[Piece]]:
    """Measure the connected pieces of each class.

    Args:
        labels: (H, W) whole numbers; 0 is background.
        ignore_value: Of pixels that are nothing.
    """
    height, width = labels.shape
    top, left = max(0, (height - SEEN) // 2), max(0, (width - SEEN) // 2)
    seen = labels[top : top + SEEN, left : left + SEEN]
    classes = [int(value) for value in np.unique(seen) if value not in (0, ignore_value)]
    return {label: _pieces(seen == label) for label in classes}


def extents_of(measured: Iterable[Mapping[int, list[Piece]]]) -> dict[int, Extent]:
    """Sum the pieces of several images up, by label."""
    found: dict[int, list[Piece]] = defaultdict(list)
    for pieces in measured:
        for label, own in pieces.items():
            found[label] += own
    return {
        label: Extent(
            pieces=len(own),
            side=float(np.percentile([one.side for one in own], WIDE)),
            thickness=float(np.median([one.thickness for one in own])),
        )
        for label, own in sorted(found.items())
        if len(own) >= FEWEST
    }


def _pieces(area: Array) -> list[Piece]:
    from scipy import ndimage

    numbers, count = ndimage.label(area, np.ones((3, 3)))
    if not count:
        return []
    depth = ndimage.distance_transform_edt(np.pad(area, 1, mode="edge"))[1:-1, 1:-1]
    places = np.arange(1, count + 1)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    thickness = 4 * (ndimage.mean(depth, numbers, places) - 0.5)  # in a strip of width w it is w / 4
    boxes = ndimage.find_objects(numbers)
    return [
        Piece(float(max(place.stop - place.start for place in box)), float(thick))
        for box, size, thick in zip(boxes, sizes, thickness, strict=True)
        if size >= SMALLEST
    ]
