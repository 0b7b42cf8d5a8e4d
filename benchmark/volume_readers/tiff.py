"""TIFF stacks, ImageJ's and OME-TIFF among them.

Uncompressed stacks in one piece are memory-mapped, as large ones usually are; others are decoded page by
page.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from ..errors import DataError
from ..pixels import BROKEN
from .found import Array, Found, Handle, Mapped, Place, Stored, unreadable
from .pillow_pages import PillowPages
from .units import spacing_of

_UNNAMED = {"q", "i"}
"""What tifffile calls an axis that nothing is said about: in a stack, the sections."""


def find(path: Path) -> Found:
    """Read the headers of all pages.

    Raises:
        DataError: It cannot be read, or is no stack of grey sections of equal size.
    """
    try:
        with tifffile.TiffFile(path) as file:
            _check(file, path)
            series = file.series[0]
            axes = _axes(series.axes.lower())
            stored = _stored(path, series, file.byteorder)
            return Found(stored=stored, axes=axes, spacing=_spacing(file))
    except BROKEN as error:
        raise unreadable(path, error) from error


def count_pages(path: Path) -> int:
    """Return how many pages there are; of ImageJ's large stacks, which have one, how many sections.

    Raises:
        DataError: It cannot be read, or ends before its last page.
    """
    try:
        with tifffile.TiffFile(path) as file:
            if not file.is_imagej:
                _check_end(file, path)
            return max(len(file.pages), _announced(file))
    except BROKEN as error:
        raise unreadable(path, error) from error


def _axes(axes: str) -> str | None:
    if axes[:-2] in _UNNAMED and axes.endswith("yx"):
        return f"z{axes[1:]}"
    return None if _UNNAMED & set(axes) else axes


def _check(file: tifffile.TiffFile, path: Path) -> None:
    if len(file.series) != 1:
        raise DataError(
            f"{path} holds {len(file.series)} images of different sizes or kinds; expected one stack of "
            "sections of equal size."
        )
    kind = file.series[0].keyframe.photometric.name
    if kind != "MINISBLACK":
        raise DataError(f"{path} is a {kind} TIFF, expected grey values in which 0 is black; convert it.")
    if file.is_imagej:  # whose large stacks have one page
        _check_announced(file, path)
    else:
        _check_end(file, path)


def _check_announced(file: tifffile.TiffFile, path: Path) -> None:
    """Refuse a stack with fewer sections than ImageJ says."""
    announced = _announced(file)
    number = int(np.prod(file.series[0].shape[:-2]))
    if number < announced:
        raise unreadable(path, f"it holds {number} of its {announced} sections")


def _announced(file: tifffile.TiffFile) -> int:
    return int((file.imagej_metadata or {}).get("images", 1))


def _check_end(file: tifffile.TiffFile, path: Path) -> None:
    """Refuse a file that ends before its last page, which tifffile takes for a shorter stack."""
    number = len(file.pages)
    file.filehandle.seek(file.pages.next_page_offset)
    (following,) = struct.unpack(file.tiff.offsetformat, file.filehandle.read(file.tiff.offsetsize))
    if following:
        raise unreadable(path, f"it ends after {number} of its sections")


def _stored(path: Path, series: Any, byteorder: str) -> Stored:
    if series.dataoffset is not None:
        dtype = np.dtype(series.dtype).newbyteorder(byteorder)
        return Mapped(path, dtype, tuple(series.shape), series.dataoffset)
    if series.keyframe.shape != tuple(series.shape[-2:]):
        raise DataError(
            f"{path} keeps pages of shape {series.keyframe.shape}, of which an array {series.shape} is made; "
            "expected one page per section."
        )
    return _Pages(path, np.dtype(series.dtype), tuple(series.shape))


class _Pages:
    """Sections that are decoded when they are asked for."""

    def __init__(self, path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self.dtype, self.shape = dtype, shape
        self.chunk = (*(1,) * (len(shape) - 2), *shape[-2:])
        self._path = path
        self._file = Handle(partial(_open, path))
        self._image = Handle(partial(PillowPages, path))

    def read(self, place: Place) -> Array:
        numbers = np.arange(int(np.prod(self.shape[:-2]))).reshape(self.shape[:-2])[place[:-2]]
        rows, columns = place[-2:]
        pages = [self._decode(int(number))[rows, columns] for number in numbers.ravel()]
        sides = [side.indices(length) for side, length in zip(place[-2:], self.shape[-2:], strict=True)]
        return np.array(pages, self.dtype).reshape(*numbers.shape, *(len(range(*side)) for side in sides))

    def _decode(self, number: int) -> Array:
        page = self._file.get().series[0].pages[number]
        if page is None:
            raise unreadable(self._path, f"section {number} is in another file, which is not here")
        try:
            return np.asarray(page.asarray())
        except BROKEN as error:
            if "imagecodecs" not in str(error):
                raise self._damaged(number, error) from error
            return self._decode_with_pillow(number, page.index)

    def _decode_with_pillow(self, number: int, page: int) -> Array:
        """Decode LZW and others that tifffile leaves to an extra package."""
        try:
            return self._image.get().decode(page)
        except BROKEN as error:
            raise self._damaged(number, error) from error

    def _damaged(self, number: int, error: Exception) -> DataError:
        return unreadable(self._path, f"section {number}: {error or 'it is damaged'}")


def _open(path: Path) -> tifffile.TiffFile:
    try:
        file = tifffile.TiffFile(path)
    except BROKEN as error:
        raise unreadable(path, error) from error
    file.filehandle.set_lock(True)
    return file


def _spacing(file: tifffile.TiffFile) -> dict[str, float]:
    if file.is_ome:
        return _ome_spacing(file.ome_metadata)
    if file.is_imagej:
        return _imagej_spacing(file)
    return {}  # plain TIFF has dots per inch, which programs fill in without measuring


def _ome_spacing(text: str) -> dict[str, float]:
    image = tifffile.xml2dict(text).get("OME", {}).get("Image", {})
    pixels: Mapping[str, Any] = (image[0] if isinstance(image, list) else image).get("Pixels", {})
    found: dict[str, float] = {}
    for axis in "zyx":
        unit = str(pixels.get(f"PhysicalSize{axis.upper()}Unit", "µm"))
        found |= spacing_of(axis, [pixels.get(f"PhysicalSize{axis.upper()}")], unit)
    return found


def _imagej_spacing(file: tifffile.TiffFile) -> dict[str, float]:
    said = file.imagej_metadata or {}
    unit = str(said.get("unit", ""))
    found = spacing_of("z", [said.get("spacing")], unit)
    for axis, name in (("y", "YResolution"), ("x", "XResolution")):
        numerator, denominator = getattr(file.pages.first.tags.get(name), "value", (0, 1))
        if numerator:
            found |= spacing_of(axis, [denominator / numerator], unit)
    return found
