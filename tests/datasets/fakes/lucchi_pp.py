"""An archive of PNG sections: images that are called masks, labels without leading zeros, some in RGBA."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from .drawing import blobs, picture
from .packing import png

SHAPE = (16, 48, 64)
IN_COLOUR = 3
"""Every so manieth label has four channels."""
NEARLY_WHITE = 254
"""A value that is no mitochondrion."""


def mask(part: str) -> np.ndarray:
    """Return (Z, Y, X) uint8 of 0 and 255, and a pixel of another value."""
    values = np.where(blobs(["Train", "Test"].index(part), SHAPE) > 0, 255, 0).astype(np.uint8)
    values[:, 0, 0] = NEARLY_WHITE
    return values


def image(part: str) -> np.ndarray:
    """Return (Z, Y, X) uint8."""
    return picture(mask(part) == 255, ["Train", "Test"].index(part))


def make(folder: Path) -> None:
    """Write the archive."""
    with zipfile.ZipFile(folder / "lucchi_pp.zip", "w") as archive:
        for part in ("Train", "Test"):
            images, masks = image(part), mask(part)
            for z in range(SHAPE[0]):
                archive.writestr(f"Lucchi++/{part}_In/mask{z:04d}.png", png(images[z]))
                label = masks[z] if z % IN_COLOUR else _coloured(masks[z])
                archive.writestr(f"Lucchi++/{part}_Out/{z}.png", png(label))


def _coloured(label: np.ndarray) -> np.ndarray:
    """Put a label into the first of four channels; the others hold something else."""
    return np.stack([label, label // 2, label // 3, np.full_like(label, 200)], axis=-1)
