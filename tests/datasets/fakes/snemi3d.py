"""EMBL's copies: an HDF5 file with ids of neurons, 0 between them, and one without."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from .drawing import cells, picture

SHAPE = (12, 48, 48)


def volumes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return training image, training ids and test image."""
    ids, other = cells(2, SHAPE), cells(3, SHAPE)
    return picture(ids == 0, 2), ids, picture(other == 0, 3)


def make(folder: Path) -> None:
    """Write both files."""
    image, ids, test = volumes()
    with h5py.File(folder / "snemi_train.h5", "w") as file:
        file.create_dataset("volumes/raw", data=image, compression="gzip")
        file.create_dataset("volumes/labels/neuron_ids", data=ids.astype(np.uint64), compression="gzip")
    with h5py.File(folder / "snemi_test.h5", "w") as file:
        file.create_dataset("volumes/raw", data=test, compression="gzip")
