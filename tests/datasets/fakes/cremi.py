"""Three HDF5 files: background 2**64 - 1, a cleft that is numbered 0, sections without any cleft."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from .drawing import blobs, picture

SHAPE = (6, 48, 56)
BACKGROUND = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
EMPTY_SECTION = 4


def clefts(seed: int) -> np.ndarray:
    """Return (Z, Y, X) uint64 ids: 0, 1, a very large one, and the background."""
    drawn = blobs(seed, SHAPE)
    ids = np.full(SHAPE, BACKGROUND)
    for number, cleft in enumerate((0, 1, 2**64 - 2), start=1):
        ids[drawn == number] = np.uint64(cleft)
    ids[EMPTY_SECTION] = BACKGROUND
    return ids


def make(folder: Path) -> None:
    """Write the files."""
    for seed, block in enumerate("ABC"):
        ids = clefts(seed)
        with h5py.File(folder / f"sample_{block}_20160501.hdf", "w") as file:
            arrays = {
                "volumes/raw": picture(ids != BACKGROUND, seed),
                "volumes/labels/clefts": ids,
                "volumes/labels/neuron_ids": blobs(seed + 10, SHAPE).astype(np.uint64),
            }
            for name, array in arrays.items():
                data = file.create_dataset(name, data=array, chunks=(4, 16, 16), compression="gzip")
                data.attrs["resolution"] = (40.0, 4.0, 4.0)
            file["annotations/ids"] = np.arange(2, dtype=np.uint64)
            file["annotations/locations"] = np.zeros((2, 3))
