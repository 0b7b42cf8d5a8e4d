"""The volumes that `predict` and `score` take: files of one array, whole or in slabs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from ..cache import cache_folder
from ..errors import DataError
from ..volume_readers.opening import MRC, NIFTI, Wanted, as_volume, find

if TYPE_CHECKING:
    from ..evaluation.slabs import Slabs
    from ..volume_readers.found import Found

Array: TypeAlias = np.ndarray[Any, Any]

TIFF_SUFFIXES: Final = (".tif", ".tiff")
"""Of images too: those of more than one page are volumes."""
NUMPY_SUFFIX: Final = ".npy"
VOLUME_SUFFIXES: Final = (".nrrd", *NIFTI, *MRC, NUMPY_SUFFIX)
"""Of files that are nothing but volumes."""


def is_volume(path: Path) -> bool:
    """Say whether a file is read as a volume: by its name, or as a TIFF of more than one page.

    Raises:
        DataError: The TIFF cannot be read.
    """
    name = path.name.lower()
    return name.endswith(VOLUME_SUFFIXES) or (name.endswith(TIFF_SUFFIXES) and _pages(path) > 1)


def read_volume(path: Path) -> Array:
    """Read a volume as (Z, Y, X) values of the file's own type.

    Raises:
        DataError: It cannot be read, or is no grey volume.
    """
    return np.array(open_volume(path)[:])


def open_volume(path: Path) -> Slabs:
    """Open a volume (Z, Y, X) of the file's own type, to be read in slabs.

    It is a memory map where the format allows it; compressed NRRD and NIfTI are unpacked into the cache once.

    Raises:
        DataError: It cannot be read, or is no grey volume; also where a slab is read.
    """
    found = find(path, "", None, cache_folder())
    volume = as_volume(str(path), path, found, Wanted(axes=_axes(path, found)))
    mapped = volume.mapped()
    return volume if mapped is None else mapped


def _axes(path: Path, found: Found) -> str:
    """Return the axes as the file says them, or z, y, x for three that are called otherwise."""
    shape, said = found.stored.shape, found.axes or ""
    others = [length for axis, length in zip(said, shape, strict=False) if axis not in "zyx"]
    if set(said) >= set("zyx") and max(others, default=1) == 1:
        return said
    if len(shape) != 3:
        raise DataError(
            f"{path} holds an array {tuple(shape)}, expected a grey volume (z, y, x): one number per voxel."
        )
    return "zyx"


def _pages(path: Path) -> int:
    from ..volume_readers import tiff

    return tiff.count_pages(path)
