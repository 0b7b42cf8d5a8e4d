"""What of an image and its mask shows whether they belong together, small enough to keep hundreds of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .places import Place
from .shifts import edges_of

Array = np.ndarray[Any, Any]

SIDE: Final = 512
"""Longer sides are shrunk to at most this, px."""
EDGE_PIXELS: Final = 1000
"""So many pixels of a mask's edges are kept, evenly spread."""
FEW_EDGES: Final = 40
"""Masks with fewer say nothing."""
STEP: Final = 1 / 16
"""Of a map's whole numbers, standard deviations."""
LEAST_SIDE: Final = 16
"""Smaller images say nothing, px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """An image and its mask."""

    place: Place
    size: tuple[int, int]
    """(H, W) of the image itself, px."""
    maps: Array
    """(2, h, w) int8: gradient, and brightness against the surroundings, in `STEP` standard deviations."""
    edges: Array | None
    """(2, N) rows and columns of the mask's edges on the maps; None: too few."""


def draw(place: Place, image: Array, labels: Array, ignore_value: int | None) -> Sketch | None:
    """Sketch an image and its mask.

    Args:
        place: Where they come from.
        image: (H, W) of any number type.
        labels: (H, W).
        ignore_value: Of pixels whose edges are none.

    Returns:
        None for an image of one value, or a tiny one.
    """
    if min(image.shape) < LEAST_SIDE or image.min() == image.max():
        return None
    factor = -(-max(image.shape) // SIDE)
    maps = _maps(_shrunk(image, factor), sharp=factor > 1)
    return Sketch(
        place=place,
        size=(image.shape[0], image.shape[1]),
        maps=maps,
        edges=_edge_pixels(labels, ignore_value, factor, maps.shape[1:]),
    )


def _shrunk(image: Array, factor: int) -> Array:
    """Average squares of `factor` pixels a side; what is left over at the ends goes."""
    if factor == 1:
        return image.astype(np.float32)
    height, width = (side // factor for side in image.shape)
    blocks = image[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


def _maps(image: Array, *, sharp: bool) -> Array:
    """Return gradient and local contrast; shrunk images have less noise to be smoothed."""
    from scipy import ndimage

    gradient = ndimage.gaussian_gradient_magnitude(image, 1.0 if sharp else 1.5)
    contrast = ndimage.gaussian_filter(image, 0.7 if sharp else 1.0) - ndimage.gaussian_filter(image, 8.0)
    return np.stack([_standard(gradient), _standard(contrast)])


def _standard(values: Array) -> Array:
    spread = float(values.std()) or 1.0
    return np.asarray(np.clip(np.rint((values - values.mean()) / spread / STEP), -127, 127), np.int8)


def _edge_pixels(
    labels: Array, ignore_value: int | None, factor: int, sides: tuple[int, ...]
) -> Array | None:
    rows, columns = np.nonzero(edges_of(labels, ignore_value))
    if len(rows) < FEW_EDGES:
        return None
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), EDGE_PIXELS)).astype(np.intp)
    places = np.stack([rows[chosen], columns[chosen]]) // factor
    return np.asarray(np.minimum(places, np.array(sides)[:, None] - 1))
