"""How well a mask fits an image: where its edges lie, the image changes, or differs from what is around.

The fit is the length of a vector: by how many standard deviations the gradient under the mask's edges exceeds
that of the whole image (0 if it does not), and by how many the brightness there differs from what is around.
The first shows borders of organelles, the second membranes, whose middle has no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .sketches import STEP, Sketch

Array = np.ndarray[Any, Any]

MOVES: Final = 64
"""A mask is moved over an image so often to see how well it fits by chance."""
LEAST_SPREAD: Final = 0.03
"""Of fits by chance, standard deviations."""
TURNS: Final = {
    "mirrored left to right": (False, False, True),
    "mirrored top to bottom": (False, True, False),
    "turned by 180°": (False, True, True),
    "transposed (rows and columns exchanged)": (True, False, False),
    "turned by 90° to the left": (True, True, False),
    "turned by 90° to the right": (True, False, True),
    "transposed along the other diagonal": (True, True, True),
}
"""What may have happened to a mask's axes: exchanged first, then rows and columns reversed."""


@dataclass(frozen=True, slots=True)
class Chance:
    """How well a mask fits an image that it has nothing to do with."""

    mean: float
    spread: float
    """Standard deviation, at least `LEAST_SPREAD`."""
    top: float
    """The best of `MOVES`."""

    def beyond(self, fit: float) -> float:
        """Return by how many standard deviations a fit exceeds chance."""
        return (fit - self.mean) / self.spread


def fit(maps: Array, edges: Array) -> float:
    """Return how well edges (2, N) fit maps (2, h, w)."""
    return float(_fits(maps[:, edges[0], edges[1]]))


def fit_all(sketches: Sequence[Sketch]) -> Array:
    """Return how well every mask fits every image of its size: (image, mask), NaN where nothing is known."""
    table = np.full((len(sketches), len(sketches)), np.nan)
    for size in dict.fromkeys(sketch.size for sketch in sketches):
        members = [place for place, sketch in enumerate(sketches) if sketch.size == size]
        maps = np.stack([sketches[place].maps for place in members])
        for place in members:
            edges = sketches[place].edges
            if edges is not None:
                table[members, place] = _fits(maps[:, :, edges[0], edges[1]])
    return table


def by_chance(maps: Array, edges: Array) -> Chance:
    """Move edges over an image by many amounts, round its ends, and see how well they fit there."""
    random = np.random.default_rng(0)
    sides = maps.shape[1:]
    rows, columns = (random.integers(side // 8, side - side // 8, (MOVES, 1)) for side in sides)
    found = _fits(maps[:, (edges[0] + rows) % sides[0], (edges[1] + columns) % sides[1]].swapaxes(0, 1))
    return Chance(float(found.mean()), max(float(found.std()), LEAST_SPREAD), float(found.max()))


def turned(sketch: Sketch, edges: Array) -> dict[str, Array]:
    """Return a mask's edges with its axes exchanged or reversed, where the size allows it."""
    height, width = sketch.maps.shape[1:]
    found = {}
    for words, (swap, down, across) in TURNS.items():
        if swap and height != width:
            continue
        rows, columns = edges[::-1] if swap else edges
        rows = height - 1 - rows if down else rows
        columns = width - 1 - columns if across else columns
        found[words] = np.stack([rows, columns])
    return found


def _fits(under: Array) -> Array:
    """Return the fits of (..., 2, N) values of both maps under edges."""
    gradient, contrast = np.moveaxis(under.mean(axis=-1, dtype=np.float64) * STEP, -1, 0)
    return np.asarray(np.hypot(np.maximum(gradient, 0), contrast))
