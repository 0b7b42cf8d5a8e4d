"""Tells labels that lie on other sections of their volume: all are a few sections too high or too low."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .sketches import Sketch

Array = np.ndarray[Any, Any]

LONGEST: Final = 8
"""Largest distance that is looked for, sections."""
FEWEST_PAIRS: Final = 6
LEAST_GAIN: Final = 0.03
LEAST_RATIO: Final = 1.05
LEAST_SURE: Final = 4.0
"""Neighbours differ little, but all of them alike: so many standard errors."""


@dataclass(frozen=True, slots=True)
class Lag:
    """Sections of labels that fit the image's sections a little further on better than their own."""

    sections: int
    """So much further on; negative: further back."""
    here: float
    """How well they fit their own sections (see `fits`)."""
    there: float
    pairs: int
    """So many pairs of sections lie so far apart."""


def find_lag(sketches: Sequence[Sketch], table: Array) -> Lag | None:
    """Find the distance along z at which labels of all volumes fit best; None: where they are.

    Args:
        sketches: Of sections, and of other images, which do not matter.
        table: Their fits (image, mask).
    """
    pairs: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for mask, sketch in enumerate(sketches):
        for image, other in enumerate(sketches):
            distance = other.place.number - sketch.place.number
            beside = sketch.place.stacked and other.place.series == sketch.place.series
            if beside and 0 < abs(distance) <= LONGEST and np.isfinite(table[image, mask]):
                pairs[distance].append((table[mask, mask], table[image, mask]))
    found = [lag for distance, fits in pairs.items() if (lag := _lag(distance, np.array(fits)))]
    return max(found, key=lambda lag: lag.there - lag.here, default=None)


def _lag(distance: int, fits: Array) -> Lag | None:
    """Judge one distance by (N, 2) fits here and there."""
    here, there = fits.mean(axis=0)
    if len(fits) < FEWEST_PAIRS or there < max(LEAST_RATIO * here, here + LEAST_GAIN):
        return None
    error = float((fits[:, 1] - fits[:, 0]).std(ddof=1)) / len(fits) ** 0.5
    if there - here < LEAST_SURE * error:
        return None
    return Lag(distance, float(here), float(there), len(fits))
