"""The challenge's archive: three TIFF stacks in a folder; labels 0 on membranes, 255 inside cells."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from .drawing import cells, picture
from .packing import tiff

SHAPE = (10, 48, 48)


def stacks(seed: int = 0) -> dict[str, np.ndarray]:
    """Return the arrays of the archive's three files."""
    membranes, other = (cells(seed + k, SHAPE) == 0 for k in (0, 1))
    return {
        "train-volume.tif": picture(membranes, seed),
        "train-labels.tif": np.where(membranes, 0, 255).astype(np.uint8),
        "test-volume.tif": picture(other, seed + 1),
    }


def make(folder: Path) -> None:
    """Write the archive."""
    with zipfile.ZipFile(folder / "ISBI-2012-challenge.zip", "w") as archive:
        for name, stack in stacks().items():
            archive.writestr(f"ISBI-2012-challenge/{name}", tiff(stack))
