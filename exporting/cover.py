"""A package's cover: the sample, and the same with the predicted labels over it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..reports.overlay import overlay_values
from .samples import Array

SIDE = 256
"""px; of either half, as twice as wide as high is what the collection asks for."""


def write_cover(path: Path, unit: Array, labels: Array, classes: int) -> None:
    """Write a PNG of 512 x 256 px.

    Args:
        path: The file.
        unit: (C, S, S) on the 0-1 scale.
        labels: (S, S) uint8.
        classes: Their number, background included.
    """
    planes = unit[:3] if len(unit) >= 3 else unit[[0, 0, 0]]
    pixels = np.rint(planes.transpose(1, 2, 0) * 255).astype(np.uint8)
    image = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    cover = Image.new("RGB", (2 * SIDE, SIDE))
    cover.paste(image, (0, 0))
    cover.paste(overlay_values(image, Image.fromarray(labels), classes).picture, (SIDE, 0))
    cover.save(path)
