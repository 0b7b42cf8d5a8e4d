"""Pictures to look at: label maps over the images that they were made from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from PIL import Image

from ..evaluation.slabs import Slabs
from ..files.store import write_whole
from ..images.class_colours import rgb
from ..images.spread import spread
from .outputs import Output
from .writing.about import Stored

Array: TypeAlias = np.ndarray[Any, Any]

SECTIONS: Final = 8
"""Of a volume, evenly spread."""
OPACITY: Final = 0.45


def write_overlays(output: Output, pixels: Slabs, labels: Stored, values: Sequence[int]) -> None:
    """Write ``overlays/NAME.png``, or of a volume a picture per section: ``overlays/NAME-z0012.png``.

    Args:
        output: Says where.
        pixels: (Z, Y, X), uint8 or float32 between 0 and 1.
        labels: (Z, Y, X).
        values: What stands for each class, background first.
    """
    for z in spread(range(labels.shape[0]), SECTIONS):
        name = f"{output.name}-z{z + output.box.start[0]:04d}" if output.volume else output.name
        picture, file = _overlay(pixels[z : z + 1][0], labels[z : z + 1][0], values), io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        write_whole(output.overlays / f"{name}.png", file.getvalue())


def _overlay(grey: Array, labels: Array, values: Sequence[int]) -> Array:
    """Colour the classes half transparently, and their outlines fully; (H, W, 3) uint8."""
    unit = grey if grey.dtype == np.uint8 else np.rint(grey * 255).astype(np.uint8)
    picture = np.repeat(unit[..., None], 3, axis=2)
    edges = _outline(labels)
    for place, value in enumerate(values[1:], 1):
        inside, colour = labels == value, np.array(rgb(place))
        picture[inside] = np.rint((1 - OPACITY) * picture[inside] + OPACITY * colour)
        picture[inside & edges] = colour
    return picture


def _outline(labels: Array) -> Array:
    """Tell the pixels whose right or lower neighbour, left or upper, has another label."""
    edge = np.zeros(labels.shape, bool)
    beside, above = labels[:, :-1] != labels[:, 1:], labels[:-1] != labels[1:]
    edge[:, :-1] |= beside
    edge[:, 1:] |= beside
    edge[:-1] |= above
    edge[1:] |= above
    return edge
