"""One archive of four organelles: prefixes that differ, labels of 0 and 1 or of 0 and 255, few greys.

Of three objects in an image two are labelled.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from .drawing import blobs
from .packing import png

ORGANELLES = ("lysosomes", "mitochondria", "nuclei", "nucleoli")
SHAPE = (64, 56)
FOLDERS = {"training_images": "training_labels", "test_images": "ground_truth"}
NUMBERS = {"training_images": (3, 12, 101, 102, 999), "test_images": (7, 20, 100)}
TOP = {"lysosomes": 1, "mitochondria": 1, "nuclei": 255, "nucleoli": 255}
"""What a labelled pixel's value is."""


def objects(organelle: str, number: int) -> np.ndarray:
    """Return (Y, X) uint16 numbers of objects."""
    return blobs(1000 * ORGANELLES.index(organelle) + number, (1, *SHAPE))[0]


def image(organelle: str, number: int) -> np.ndarray:
    """Return (Y, X) uint8 of 68 to 105."""
    noise = np.random.default_rng(number).integers(0, 12, SHAPE)
    return (np.where(objects(organelle, number) > 0, 68, 94) + noise).astype(np.uint8)


def make(folder: Path) -> None:
    """Write the archive."""
    with zipfile.ZipFile(folder / "chm-supplemental_data.zip", "w") as archive:
        for images, labels in FOLDERS.items():
            for organelle in ORGANELLES:
                for number in NUMBERS[images]:
                    label = np.isin(objects(organelle, number), (1, 2)).astype(np.uint8) * TOP[organelle]
                    names = f"scn_{organelle}_orig.{number:03d}.png", f"scn_{labels}.{number:03d}.png"
                    archive.writestr(
                        f"supplemental_data/{images}/{organelle}/{names[0]}", png(image(organelle, number))
                    )
                    archive.writestr(f"supplemental_data/{labels}/{organelle}/{names[1]}", png(label))
