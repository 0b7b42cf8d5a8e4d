"""Unlabelled patches in folders by source; those from the edges of images are not square."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from .packing import tiff

SIDES = ((56, 56), (56, 56), (28, 56), (56, 33), (45, 28), (56, 56))


def make(folder: Path) -> None:
    """Write both archives."""
    for seed, name in enumerate(("cem500k", "cem1.5m")):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for number, sides in enumerate(SIDES):
                patch = np.random.default_rng((seed, number)).integers(0, 256, sides, dtype=np.uint8)
                archive.writestr(f"{name}/source{number % 2}/{number:04d}.tiff", tiff(patch))
