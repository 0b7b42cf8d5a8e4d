"""TIFF stacks, ImageJ's and OME-TIFF among them.

Uncompressed stacks in one piece are memory-mapped, as large ones usually are; others are decoded page by
page, and those whose tiles hold several sections tile by tile.  What values mean is `tiff_pages`' to say.
"""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr

from ...contracts.errors import DataError
from ...files.decoding import decoding
from ...files.regular import shown
from ...files.tiff_guard import check_pieces, check_single, open_tiff
from ..orientation import Turn
from ..pixels import BROKEN
from ..tiff_pages import decode_stored, meaning_of
from .found import Array, Found, Handle, Mapped, Place, Stored, checked, unreadable
from .tiff_facts import facts_of
from .tiff_values import Meant, of_values

_UNNAMED = {"q", "i"}
"""What tifffile calls an axis that nothing is said about: in a stack, the sections."""


def find(path: Path, *, as_labels: bool = False) -> Found:
    """Read the headers of all pages.

    Args:
        path: The file.
        as_labels: Whether values are labels, so that a palette's index is one.

    Raises:
        DataError: It cannot be read, or is no stack of sections of equal size.
    """
    try:
        with open_tiff(path) as file:
            _check(file, path)
            return _found(file, path, as_labels=as_labels)
    except BROKEN as error:
        raise unreadable(path, error) from error


def count_pages(path: Path) -> int:
    """Return how many pages there are; of stacks in one page, as ImageJ's large ones, how many sections.

    Raises:
        DataError: It cannot be read, or ends before its last page.
    """
    try:
        with open_tiff(path) as file:
            if not file.is_imagej:
                _check_end(file, path)
            return max(len(file.pages), _announced(file), int(file.pages.first.imagedepth))
    except BROKEN as error:
        raise unreadable(path, error) from error


def _found(file: tifffile.TiffFile, path: Path, *, as_labels: bool) -> Found:
    series = file.series[0]
    meaning = meaning_of(series.keyframe, str(path), as_labels=as_labels)
    stored, axes = _stored(path, series, file.byteorder), series.axes.lower()
    in_samples = "s" in axes and (meaning.kind == "colour" or meaning.alpha != "none")
    if in_samples or meaning.change is not None:
        sample_axis = axes.index("s") if in_samples else None
        stored = Meant(stored, sample_axis, of_values(meaning, in_samples=in_samples), path)
        axes = axes.replace("s", "") if in_samples else axes
    facts, turn = facts_of(file, path), meaning.turn
    return Found(
        stored=stored,
        axes=_turned(_named(axes), turn),
        spacing={_turned(axis, turn): length for axis, length in facts.spacing.items()},
        backwards="y" * turn.rows_backwards + "x" * turn.columns_backwards,
        notes=facts.notes,
    )


def _named(axes: str) -> str:
    """Return the axes, sections among them: what is not named is called ``?``."""
    if axes[:-2] in _UNNAMED and axes.endswith("yx"):
        return f"z{axes[1:]}"
    return axes


def _turned(axes: str, turn: Turn) -> str:
    return axes.translate(str.maketrans("yx", "xy")) if turn.transposed else axes


def _check(file: tifffile.TiffFile, path: Path) -> None:
    if not file.series:
        raise unreadable(path, "there is no image in it")
    if len(file.series) != 1:
        raise DataError(
            f"{path} holds {len(file.series)} images of different sizes or kinds; expected one stack of "
            "sections of equal size."
        )
    if file.is_imagej:  # whose large stacks have one page
        _check_announced(file, path)
    else:
        _check_end(file, path)


def _check_announced(file: tifffile.TiffFile, path: Path) -> None:
    """Refuse a stack with fewer sections than ImageJ says."""
    announced = _announced(file)
    series = file.series[0]
    section = int(np.prod(series.keyframe.shape[-2:]))
    if not section:
        raise unreadable(path, "its sections have no pixels")
    number = int(np.prod(series.shape)) // section
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
        return checked(Mapped(path, dtype, tuple(series.shape), series.dataoffset))
    page = series.keyframe
    if page.is_tiled and page.imagedepth > 1 and page.shape == tuple(series.shape):
        return _Tiles(path, page)
    if page.shape != tuple(series.shape[-len(page.shape) :]):
        raise DataError(
            f"{path} keeps pages of shape {page.shape}, of which an array {series.shape} is made; "
            "expected one page per section."
        )
    return _Pages(path, np.dtype(series.dtype), tuple(series.shape), len(page.shape))


class _Pages:
    """Sections that are decoded when they are asked for."""

    def __init__(self, path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], of_page: int) -> None:
        self.dtype, self.shape = dtype, shape
        self.chunk = (*(1,) * (len(shape) - of_page), *shape[-of_page:])
        self._path, self._of_page = path, of_page
        self._file = Handle(partial(_open, path))

    def read(self, place: Place) -> Array:
        across, within = place[: -self._of_page], place[-self._of_page :]
        numbers = np.arange(int(np.prod(self.shape[: -self._of_page])))
        wanted = numbers.reshape(self.shape[: -self._of_page])[across]
        pages = [self._decode(int(number))[within] for number in wanted.ravel()]
        sides = zip(within, self.shape[-self._of_page :], strict=True)
        lengths = [len(range(*side.indices(length))) for side, length in sides]
        return np.array(pages, self.dtype).reshape(*wanted.shape, *lengths)

    def _decode(self, number: int) -> Array:
        page = self._file.get().series[0].pages[number]
        if page is None:
            raise unreadable(self._path, f"section {number} is in another file, which is not here")
        return decode_stored(page, f"{self._path}, section {number},")


class _Tiles:
    """Tiles that hold several sections, decoded when they are asked for."""

    def __init__(self, path: Path, page: tifffile.TiffPage) -> None:
        self.dtype: np.dtype[Any] = np.dtype(page.dtype)
        self.shape: tuple[int, ...] = page.shape
        self.chunk = page.tile if len(page.tile) == len(page.shape) else page.chunks
        self._path = path
        self._open = Handle(partial(_OpenTiles, path))

    def read(self, place: Place) -> Array:
        with decoding(self._path, "tifffile"):
            return np.asarray(self._open.get().array[place])


def _open(path: Path) -> tifffile.TiffFile:
    try:
        file = open_tiff(path)
    except BROKEN as error:
        raise unreadable(path, error) from error
    file.filehandle.set_lock(True)
    return file


class _OpenTiles:
    """A file, and its tiles as an array of chunks."""

    def __init__(self, path: Path) -> None:
        self._file = _open(path)
        with decoding(path, "tifffile"):
            series = self._file.series[0]
            check_single(series.keyframe, shown(path))
            check_pieces(series.keyframe, shown(path))
            self.array: zarr.Array[Any] = zarr.open_array(series.aszarr(), mode="r")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
