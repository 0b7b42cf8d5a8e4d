"""The volumes that `predict` and `score` take: files of one array, whole or in slabs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from ..contracts.errors import DataError
from ..files.cache import cache_folder
from ..images.volumes.fitting import onto as brought_onto
from ..images.volumes.opening import (
    HDF5,
    MRC,
    NIFTI,
    NRRD,
    TIFF,
    Wanted,
    as_volume,
    find,
    is_zarr,
    split_location,
)

if TYPE_CHECKING:
    from ..evaluation.slabs import Slabs
    from ..images.volumes.found import Found
    from ..images.volumes.volume import Volume
    from .asked import Box

Array: TypeAlias = np.ndarray[Any, Any]

TIFF_SUFFIXES: Final = TIFF
"""Of images too: those of more than one page are volumes."""
NUMPY_SUFFIX: Final = ".npy"
VOLUME_SUFFIXES: Final = (*NRRD, *NIFTI, *MRC, *HDF5, ".zarr", NUMPY_SUFFIX)
"""Of files, and of zarr's folders, that are nothing but volumes."""

_REMEDY: Final = (
    "If a file is wrong about its place, save it in a format that names none, such as TIFF: then voxels "
    "belong together as they are stored."
)


def file_of(place: Path) -> Path:
    """Return the file, or zarr folder, of what may name a part of it: ``a.h5`` of ``a.h5:/raw``."""
    return split_location(str(place))[0]


def is_folder(place: Path) -> bool:
    """Tell a folder of files from a file, or from zarr's folder."""
    return place.is_dir() and not is_zarr(place)


def files_in(place: Path) -> list[Path]:
    """List the files, and zarr's folders, in a folder; of what is none, itself."""
    if not is_folder(place):
        return [place]
    return [path for path in place.iterdir() if not path.is_dir() or is_zarr(path)]


def is_volume(path: Path) -> bool:
    """Say whether a file is read as a volume: by its name, or as a TIFF of more than one page.

    Raises:
        DataError: The TIFF cannot be read.
    """
    path = file_of(path)
    name = path.name.lower()
    if is_zarr(path) or name.endswith(VOLUME_SUFFIXES):
        return True
    return name.endswith(TIFF_SUFFIXES) and _pages(path) > 1


def pixel_size(path: Path) -> tuple[float, ...] | None:
    """Return the sides of an image's pixels (y, x), nm; None: the file does not say."""
    from ..images.volumes import tiff

    if not path.name.lower().endswith(TIFF_SUFFIXES):
        return None
    try:
        spacing = tiff.find(path).spacing
    except DataError:  # such as colours, which are no section
        return None
    return (spacing["y"], spacing["x"]) if {"y", "x"} <= spacing.keys() else None


def read_labels(path: Path, onto: Path | None = None) -> Array:
    """Read a volume of labels as (Z, Y, X) values of the file's own type.

    Args:
        path: The file.
        onto: Of labels onto whose voxels these are brought, where both files say where they lie.

    Raises:
        DataError: It cannot be read, is no grey volume, or lies elsewhere.
    """
    volume = open_volume(path, as_labels=True)
    if onto is not None and is_volume(onto):
        volume = brought_onto(open_volume(onto, as_labels=True), volume, _REMEDY)
    return np.array(volume[:])


def open_slabs(path: Path, *, as_labels: bool = False, box: Box | None = None) -> Slabs:
    """Open a volume (Z, Y, X) of the file's own type, or a part, to be read in slabs; see `open_volume`.

    Raises:
        DataError: It cannot be read, or is no grey volume; also where a slab is read.
    """
    volume = open_volume(path, as_labels=as_labels)
    if box is not None:
        volume = volume.part(_triple(box.start), _triple(box.sides))
    mapped = volume.mapped()
    return volume if mapped is None else mapped


def _triple(numbers: tuple[int, ...]) -> tuple[int, int, int]:
    z, y, x = numbers
    return z, y, x


def open_volume(path: Path, *, as_labels: bool = False) -> Volume:
    """Open a volume by its header.

    It is a memory map where the format allows it; compressed NRRD and NIfTI are unpacked into the cache once.

    Raises:
        DataError: It cannot be read, or is no grey volume; also where a slab is read.
    """
    file, inside = split_location(str(path))
    found = find(file, inside, None, cache_folder(), as_labels=as_labels)
    return as_volume(str(path), file, found, Wanted(axes=_axes(path, found), as_labels=as_labels))


def _axes(path: Path, found: Found) -> str | None:
    """Return the axes as the file says them, or z, y, x for three that are called otherwise."""
    shape, said = found.stored.shape, found.axes or ""
    others = [length for axis, length in zip(said, shape, strict=False) if axis not in "zyx"]
    if set(said) >= set("zyx") and max(others, default=1) == 1:
        return said
    if len(shape) == 2:
        return None
    if len(shape) != 3:
        raise DataError(
            f"{path} holds an array {tuple(shape)}, expected a grey volume (z, y, x): one number per voxel."
        )
    return "zyx"


def _pages(path: Path) -> int:
    from ..images.volumes import tiff

    return tiff.count_pages(path)
