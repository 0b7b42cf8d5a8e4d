"""Multi-page TIFFs in an archive: signed 16-bit images, each of its own range, and a border not annotated."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from .drawing import blobs, picture
from .packing import tiff

SHAPES = {"train": (6, 48, 56), "eval": (5, 48, 56), "test": (7, 48, 56)}
RANGES = {"train": (-300, 900), "eval": (-20000, 30000), "test": (17, 300)}
"""Lowest and highest grey value of each volume."""


def labels(part: str) -> np.ndarray:
    """Return (Z, Y, X) uint16: seven classes, 0 in a border of 4 px."""
    seed = [*SHAPES].index(part)
    organelles = blobs(seed, SHAPES[part], 5)
    values = np.where(organelles > 0, organelles + 1, 1).astype(np.uint16)
    values[:, :4] = values[:, -4:] = values[:, :, :4] = values[:, :, -4:] = 0
    values[:, 20, 20:25] = (2, 3, 4, 5, 6)  # all of them, whatever covers what
    return values


def image(part: str) -> np.ndarray:
    """Return (Z, Y, X) int16 that reaches both ends of its range."""
    low, high = RANGES[part]
    grey = picture(labels(part) > 1, [*SHAPES].index(part)).astype(np.float64)
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    return np.round(low + grey * (high - low)).astype(np.int16)


def make(folder: Path) -> None:
    """Write the archive."""
    with zipfile.ZipFile(folder / "platelet_data_1219.zip", "w") as archive:
        for part in SHAPES:
            one_piece = part != "eval"
            archive.writestr(f"platelet_data/{part}-images.tif", tiff(image(part), one_piece=one_piece))
            archive.writestr(f"platelet_data/{part}-labels.tif", tiff(labels(part), one_piece=one_piece))
        weights = np.ones(SHAPES["train"], np.float32)
        archive.writestr("platelet_data/train-error-weights.tif", tiff(weights))
