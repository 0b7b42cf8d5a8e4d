"""EPFL's hippocampus: four multi-page TIFFs, labels 0 and 255."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from .drawing import blobs, picture

SHAPE = (20, 48, 64)


def make(folder: Path) -> None:
    """Write the four files."""
    for seed, part in enumerate(("training", "testing")):
        mitochondria = blobs(seed, SHAPE) > 0
        write = {"photometric": "minisblack", "contiguous": False}
        tifffile.imwrite(folder / f"{part}.tif", picture(mitochondria, seed), **write)
        tifffile.imwrite(folder / f"{part}_groundtruth.tif", mitochondria.astype(np.uint8) * 255, **write)
