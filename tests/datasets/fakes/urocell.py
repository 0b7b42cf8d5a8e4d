"""The repository's archive: NIfTI files of floating-point numbers, (x, y, z) on disk, spacing of no sense.

In two blocks the first rows hold no data; three blocks have no labels.
"""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import SimpleITK

from .drawing import blobs, picture

SHAPE = (32, 88, 64)
ROOT = "UroCell-master"
MISSING_ROWS = {"fib1-0-0-0": 12, "fib1-1-0-3": 54}
LABELLED = ("fib1-0-0-0", "fib1-1-0-3", "fib1-3-2-1", "fib1-3-3-0", "fib1-4-3-0")
BLOCKS = (*LABELLED, "fib1-2-2-3", "fib1-2-3-0", "fib1-2-3-2")


def organelles(block: str) -> np.ndarray:
    """Return (Z, Y, X): 1 a lysosome, 2 and 3 mitochondria; some of each beyond the missing rows."""
    values = blobs(BLOCKS.index(block), SHAPE)
    values[3, 60, 5:8] = (1, 2, 3)
    return values


def raw(block: str) -> np.ndarray:
    """Return (Z, Y, X) float32 with fractions, 0 where there are no data."""
    grey = picture(organelles(block) > 0, BLOCKS.index(block)) + np.float32(0.75)
    grey[:, : MISSING_ROWS.get(block, 0)] = 0
    return grey


def make(folder: Path) -> None:
    """Write the archive."""
    with zipfile.ZipFile(folder / "UroCell-master.zip", "w") as archive:
        archive.writestr(f"{ROOT}/README.md", "The UroCell Dataset")
        for block in BLOCKS:
            archive.writestr(f"{ROOT}/data/{block}.nii.gz", _nifti(raw(block)))
        for block in LABELLED:
            values = organelles(block)
            for kind, mask in (("lyso", values == 1), ("mito", values >= 2)):
                archive.writestr(f"{ROOT}/{kind}/binary/{block}.nii.gz", _nifti(mask.astype(np.float32)))
                archive.writestr(f"{ROOT}/{kind}/mesh/{block}/{block}-1.obj", "v 0 0 0")


def _nifti(volume: np.ndarray) -> bytes:
    """Write (Z, Y, X) as SimpleITK does: x runs fastest."""
    image = SimpleITK.GetImageFromArray(volume)
    image.SetSpacing((5.8e7, 5.8e7, 5.8e7))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "block.nii.gz"
        SimpleITK.WriteImage(image, str(path))
        return path.read_bytes()
