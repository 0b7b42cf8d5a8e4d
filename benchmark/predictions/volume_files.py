"""Reads volumes, whole or in slabs: multi-page TIFF, and NRRD and NIfTI through SimpleITK."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import tifffile

from ..errors import DataError
from ..pixels import BROKEN
from .itk_volumes import open_itk, unreadable
from .tiff_stacks import open_stack

if TYPE_CHECKING:
    from ..evaluation.slabs import Slabs

Array: TypeAlias = np.ndarray[Any, Any]

ITK_SUFFIXES: Final = (".nrrd", ".nii", ".nii.gz")
TIFF_SUFFIXES: Final = (".tif", ".tiff")


def is_volume(path: Path) -> bool:
    """Say whether a file is read as a volume: NRRD, NIfTI, or a TIFF of more than one page.

    Raises:
        DataError: The TIFF cannot be read.
    """
    name = path.name.lower()
    return name.endswith(ITK_SUFFIXES) or (name.endswith(TIFF_SUFFIXES) and _pages(path) > 1)


def read_volume(path: Path) -> Array:
    """Read a volume as (Z, Y, X) values of the file's own type.

    Raises:
        DataError: It cannot be read, or is no grey volume.
    """
    with open_volume(path) as volume:
        return np.array(volume[:])


@contextmanager
def open_volume(path: Path) -> Iterator[Slabs]:
    """Open a volume (Z, Y, X) of the file's own type, to be read in slabs.

    Only what is asked for is read, but NRRD and NIfTI that are compressed or scaled are read whole.

    Raises:
        DataError: It cannot be read, or is no grey volume; also where a slab is read.
    """
    with ExitStack() as stack:
        if path.name.lower().endswith(ITK_SUFFIXES):
            volume: Slabs = open_itk(path)
        else:
            try:
                volume = stack.enter_context(open_stack(path))
            except BROKEN as error:
                raise unreadable(path, error) from error
        if len(volume.shape) != 3:
            raise DataError(
                f"{path} holds an array {volume.shape}, expected a grey volume (z, y, x): one number per "
                "voxel."
            )
        yield volume


def _pages(path: Path) -> int:
    try:
        with tifffile.TiffFile(path) as file:
            number = len(file.pages)
            _check_whole(file, path)
            return number
    except BROKEN as error:
        raise unreadable(path, error) from error


def _check_whole(file: tifffile.TiffFile, path: Path) -> None:
    """Refuse a file that ends before its last page, which tifffile takes for a shorter stack."""
    file.filehandle.seek(file.pages.next_page_offset)
    (following,) = struct.unpack(file.tiff.offsetformat, file.filehandle.read(file.tiff.offsetsize))
    if following:
        raise unreadable(path, f"it ends after {len(file.pages)} of its slices")
