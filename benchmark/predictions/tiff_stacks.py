"""Stacks in multi-page TIFF, read and written slab by slab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import tifffile
from PIL import Image

from ..errors import DataError
from ..pixels import BROKEN
from ..store import whole_file

if TYPE_CHECKING:
    from ..evaluation.slabs import Slabs

Array: TypeAlias = np.ndarray[Any, Any]

_BIG = 2**31
"""Voxels from which labels are written as BigTIFF: other TIFF ends at 4 GiB."""


@contextmanager
def open_stack(path: Path) -> Iterator[Slabs]:
    """Open a TIFF of grey pages as a volume, of which only what is asked for is read.

    Raises:
        DataError: It is no grey stack.
        OSError, ValueError, ...: It is damaged (`pixels.BROKEN`).
    """
    with tifffile.TiffFile(path) as file:
        if len(file.series) != 1 or file.pages.first.photometric.name != "MINISBLACK":
            raise DataError(
                f"{path} is a TIFF of {len(file.series)} series, {file.pages.first.photometric.name}; "
                "expected one stack of grey slices of equal size in which 0 is black."
            )
        series = file.series[0]
        if series.dataoffset is not None:  # uncompressed, in one piece
            yield tifffile.memmap(path, mode="r")
        elif len(series.pages) != series.shape[0]:
            yield series.asarray()
        else:
            with _decoder(path, series) as decode:
                yield DecodedPages(path, series.shape, decode)


class DecodedPages:
    """Pages of a TIFF that are decoded when they are asked for."""

    def __init__(self, path: Path, shape: tuple[int, ...], decode: Callable[[int], Array]) -> None:
        self._path = path
        self._decode = decode
        self.shape = shape
        self.dtype = decode(0).dtype

    def __getitem__(self, index: slice) -> Array:
        """Decode some pages.

        Raises:
            DataError: One is damaged.
        """
        numbers = range(*index.indices(self.shape[0]))
        pages = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        for page, number in zip(pages, numbers, strict=True):
            try:
                page[:] = self._decode(number)
            except BROKEN as error:
                raise DataError(
                    f"{self._path}: page {number} cannot be read ({error or 'it is damaged'}); save or copy "
                    "the file again."
                ) from error
        return pages


@contextmanager
def stack_writer(path: Path, shape: tuple[int, ...], description: str) -> Iterator[StackWriter]:
    """Give what takes the slices of a volume and writes each as a page; the file is there when all are.

    Args:
        path: The file.
        shape: (Z, Y, X)
        description: A line that stands in the file.
    """
    with (
        whole_file(path) as file,
        tifffile.TiffWriter(file, bigtiff=int(np.prod(shape, dtype=np.int64)) >= _BIG) as writer,
    ):
        yield StackWriter(writer, description)


class StackWriter:
    """Takes slices in their order."""

    def __init__(self, writer: tifffile.TiffWriter, description: str) -> None:
        self._writer = writer
        self._description = description
        self._next = 0

    def __setitem__(self, index: slice, slices: Array) -> None:
        """Write the next slices, (N, Y, X).

        Raises:
            ValueError: These are not the next ones.
        """
        if index.start != self._next:
            raise ValueError(f"slice {index.start} is written after {self._next} slices")
        for page in slices:
            self._writer.write(
                page,
                photometric="minisblack",
                compression="zlib",
                contiguous=False,
                description=self._description if self._next == 0 else None,
                metadata=None,
            )
            self._next += 1


@contextmanager
def _decoder(path: Path, series: Any) -> Iterator[Callable[[int], Array]]:
    """Give the function that decodes a page: tifffile's, or Pillow's for what the former cannot alone."""
    try:
        series.pages[0].asarray()
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
    else:
        yield lambda number: series.pages[number].asarray()
        return
    with Image.open(path, formats=("TIFF",)) as image:  # LZW

        def decode(number: int) -> Array:
            image.seek(number)
            return np.asarray(image)

        yield decode
