"""Both MitoEM volumes: numbered PNG images in one archive, numbered TIFF labels in another.

Labels of the first sections lie in one folder, of the next in another, and the last sections have none.
Object numbers go beyond 255.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from .drawing import blobs, picture
from .packing import png, tiff

SHAPE = (20, 48, 56)
TRAIN, VAL = range(10), range(10, 16)


def ids(seed: int) -> np.ndarray:
    """Return the objects of all sections, (Z, Y, X) uint16."""
    found = blobs(seed, SHAPE)
    return np.where(found > 0, found + 300, 0).astype(np.uint16)


def make(folder: Path) -> None:
    """Write two archives per volume."""
    for seed, letter in enumerate("RH"):
        objects = ids(seed)
        image = picture(objects > 0, seed)
        with zipfile.ZipFile(folder / f"EM30-{letter}-im.zip", "w") as archive:
            for z, section in enumerate(image):
                archive.writestr(f"im/im{z:04d}.png", png(section))
        with zipfile.ZipFile(folder / f"EM30-{letter}-mito-train-val-v2.zip", "w") as archive:
            for part, sections in (("train", TRAIN), ("val", VAL)):
                for z in sections:
                    archive.writestr(f"mito-{part}-v2/seg{z:04d}.tif", tiff(objects[z]))
