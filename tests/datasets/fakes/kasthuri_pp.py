"""An archive of PNG sections whose masks have three equal channels, and 2 where there is no tissue.

How the real sections are called is not known; here numbers have no leading zeros.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from .drawing import blobs, picture
from .packing import png

SHAPES = {"Train": (12, 60, 52), "Test": (11, 56, 48)}
PADDED_ROWS = 7


def mask(part: str) -> np.ndarray:
    """Return (Z, Y, X) uint8 of 0, 255 and 2; the first rows are padding."""
    seed = [*SHAPES].index(part)
    values = np.where(blobs(seed, SHAPES[part]) > 0, 255, 0).astype(np.uint8)
    values[:, :PADDED_ROWS] = 2
    return values


def image(part: str) -> np.ndarray:
    """Return (Z, Y, X) uint8, 0 in the padding."""
    values = picture(mask(part) == 255, [*SHAPES].index(part))
    values[mask(part) == 2] = 0
    return values


def make(folder: Path) -> None:
    """Write the archive."""
    with zipfile.ZipFile(folder / "kasthuri_pp.zip", "w") as archive:
        for part, shape in SHAPES.items():
            images, masks = image(part), mask(part)
            for z in range(shape[0]):
                archive.writestr(f"Kasthuri++/{part}_In/section{z}.png", png(images[z]))
                three = np.repeat(masks[z][..., None], 3, axis=-1)
                archive.writestr(f"Kasthuri++/{part}_Out/section{z}.png", png(three))
