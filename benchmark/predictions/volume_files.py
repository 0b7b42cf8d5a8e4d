"""Reads volumes: multi-page TIFF, and NRRD and NIfTI through SimpleITK, which is an extra."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import tifffile
from PIL import Image, ImageSequence

from ..errors import DataError
from ..pixels import BROKEN

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
        DataError: It cannot be read, is no grey volume, or needs a package that is not installed.
    """
    volume = _read_itk(path) if path.name.lower().endswith(ITK_SUFFIXES) else _read_tiff(path)
    if volume.ndim != 3:
        raise DataError(
            f"{path} holds an array {volume.shape}, expected a grey volume (z, y, x): one number per voxel."
        )
    return volume


def _pages(path: Path) -> int:
    try:
        with tifffile.TiffFile(path) as file:
            number = len(file.pages)
            _check_whole(file, path)
            return number
    except BROKEN as error:
        raise _unreadable(path, error) from error


def _check_whole(file: tifffile.TiffFile, path: Path) -> None:
    """Refuse a file that ends before its last page, which tifffile takes for a shorter stack."""
    file.filehandle.seek(file.pages.next_page_offset)
    (following,) = struct.unpack(file.tiff.offsetformat, file.filehandle.read(file.tiff.offsetsize))
    if following:
        raise _unreadable(path, f"it ends after {len(file.pages)} of its slices")


def _read_tiff(path: Path) -> Array:
    try:
        with tifffile.TiffFile(path) as file:
            if len(file.series) != 1 or file.pages.first.photometric.name != "MINISBLACK":
                raise DataError(
                    f"{path} is a TIFF of {len(file.series)} series, {file.pages.first.photometric.name}; "
                    "expected one stack of grey slices of equal size in which 0 is black."
                )
            return _decode(file, path)
    except BROKEN as error:
        raise _unreadable(path, error) from error


def _decode(file: tifffile.TiffFile, path: Path) -> Array:
    try:
        return np.asarray(file.series[0].asarray())
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
    with Image.open(path, formats=("TIFF",)) as image:  # LZW, which tifffile leaves to an extra package
        return np.stack([np.asarray(page) for page in ImageSequence.Iterator(image)])


def _read_itk(path: Path) -> Array:
    try:
        import SimpleITK
    except ImportError as error:
        raise DataError(
            f"{path}: NRRD and NIfTI are read by SimpleITK, which is not installed; "
            "pip install 'emseg-bench[volumes]', or save the volume as a multi-page TIFF."
        ) from error
    if not path.is_file():
        raise DataError(f"{path} is not there; check the path.")
    try:
        return np.asarray(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path)))
    except RuntimeError as error:
        raise _unreadable(path, str(error).strip().rpartition("\n")[2]) from error


def _unreadable(path: Path, reason: object) -> DataError:
    return DataError(
        f"{path} cannot be read as a volume: {reason or 'it is damaged'}. It is cut short, damaged or in "
        "another format; save or copy it again."
    )
