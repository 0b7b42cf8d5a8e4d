"""What is drawn on: the specimen before the microscope sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .noise import Field, Mask
from .options import CLASS_NAMES

BACKGROUND, MEMBRANE, MITOCHONDRIA, VESICLE, NUCLEUS = range(len(CLASS_NAMES))


@dataclass(frozen=True, slots=True)
class Scene:
    """A square piece of tissue; drawing functions change its arrays in place.  All are (H, W)."""

    brightness: Field
    """1: bare resin, 0: as dark as stain gets."""
    labels: NDArray[np.uint8]
    """Indices into `CLASS_NAMES`."""
    cells: NDArray[np.intp]
    """Which cell a pixel belongs to."""
    depth: Field
    """Distance to the nearest plasma membrane, px."""

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W), px."""
        return self.brightness.shape[0], self.brightness.shape[1]

    def around(self, centre: tuple[int, int], reach: float) -> tuple[Scene, Field, Field]:
        """Return the square within `reach` px of `centre`, as a view, and its coordinates.

        Args:
            centre: (y, x), px.
            reach: Half the square's side, px; the field's edges may cut it.

        Returns:
            The part, and (h, w) arrays of y and of x relative to `centre`, px.
        """
        low = [max(0, math.floor(middle - reach)) for middle in centre]
        high = [math.floor(middle + reach) + 1 for middle in centre]
        cut = np.s_[low[0] : high[0], low[1] : high[1]]
        part = Scene(self.brightness[cut], self.labels[cut], self.cells[cut], self.depth[cut])
        y, x = np.indices(part.shape, dtype=np.float64)
        return part, y + (low[0] - centre[0]), x + (low[1] - centre[1])

    def stain(self, opacity: Field | Mask, brightness: float | Field) -> None:
        """Lay `brightness` over the specimen, `opacity` 0 leaving it as it is and 1 hiding it."""
        self.brightness[...] += opacity * (brightness - self.brightness)

    def room(self, clearance: float) -> Mask:
        """Return where cytoplasm is still free, `clearance` px or more from any plasma membrane."""
        return np.asarray((self.labels == BACKGROUND) & (self.depth >= clearance))

    def per_area(self, count: float | np.integer[Any]) -> int:
        """Scale a count per field of (2 um)^2, 256 px a side, to this field."""
        return round(float(count) * self.labels.size / 256**2)


def pick_place(places: NDArray[np.intp], rng: np.random.Generator) -> tuple[int, int]:
    """Return one of (n, 2) places, n > 0, as (y, x), px."""
    row, column = places[rng.integers(len(places))]
    return int(row), int(column)
