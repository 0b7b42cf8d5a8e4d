"""Stacks in multi-page TIFF, written slab by slab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tifffile

from .store import whole_file

Array: TypeAlias = np.ndarray[Any, Any]

_BIG = 2**31
"""Voxels from which labels are written as BigTIFF: other TIFF ends at 4 GiB."""


@contextmanager
def stack_writer(path: Path, shape: tuple[int, ...], description: str | None = None) -> Iterator[StackWriter]:
    """Give what takes the slices of a volume and writes each as a page; the file is there when all are.

    Args:
        path: The file.
        shape: (Z, Y, X)
        description: A line that stands in the file; None: nothing.
    """
    with (
        whole_file(path) as file,
        tifffile.TiffWriter(file, bigtiff=int(np.prod(shape, dtype=np.int64)) >= _BIG) as writer,
    ):
        yield StackWriter(writer, description)


class StackWriter:
    """Takes slices in their order."""

    def __init__(self, writer: tifffile.TiffWriter, description: str | None) -> None:
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
