"""The images of a pre-training: decoded once, kept in memory up to a bound, seen in tiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.shared_memory import shared_zeros
from .index import ImageIndex


class ImageStore:
    """Gives tiles of the indexed images.

    An image with longer sides than `tile` counts as several images of about equal size, as CEM500K was cut
    from sections and volumes.  Decoded images are kept in anonymous memory that loader processes share when
    they are forked; it is taken from the system only as images come in.

    Args:
        index: Which images there are.
        tile: Longest side of a tile, px; 0: whole images.
        cache_bytes: Decoded pixels that are kept; images beyond it are read again each time.
    """

    def __init__(self, index: ImageIndex, tile: int, cache_bytes: int) -> None:
        sides = index.sides.astype(np.int64)
        self._index, self._sides = index, sides
        self._grid = _grid(sides, tile)
        self._first = np.concatenate([[0], np.cumsum(self._grid.prod(axis=1))])
        self._ends = np.cumsum(sides.prod(axis=1))
        self._kept = int(np.searchsorted(self._ends, cache_bytes, side="right"))
        self._memory = shared_zeros(int(self._ends[self._kept - 1]) if self._kept else 0)
        self._filled = shared_zeros(self._kept)

    def __len__(self) -> int:
        """Count the tiles."""
        return int(self._first[-1])

    def read(self, number: int) -> np.ndarray[Any, Any]:
        """Give a tile, (H, W) uint8; not to be written to.

        Raises:
            DataError: The image has gone or changed.
        """
        image = int(np.searchsorted(self._first, number, side="right")) - 1
        rows, columns = (int(count) for count in self._grid[image])
        row, column = divmod(number - int(self._first[image]), columns)
        pixels = self._image(image)
        return pixels[_stretch(row, rows, pixels.shape[0]), _stretch(column, columns, pixels.shape[1])]

    def _image(self, image: int) -> np.ndarray[Any, Any]:
        if image >= self._kept:
            return self._decode(image)
        height, width = self._sides[image]
        end = self._ends[image]
        pixels = self._memory[end - height * width : end].reshape(height, width)
        if not self._filled[image]:
            pixels[:] = self._decode(image)
            self._filled[image] = 1
        return pixels

    def _decode(self, image: int) -> np.ndarray[Any, Any]:
        path = self._index.path(image)
        pixels = self._index.read(image)
        if pixels.shape != tuple(self._sides[image]):
            before = tuple(map(int, self._sides[image]))
            raise DataError(
                f"{path} is {pixels.shape} px, but was {before} px when the folder was indexed; it was "
                "written over. Start again with the images as they are to stay."
            )
        return pixels


def count_tiles(index: ImageIndex, tile: int) -> int:
    """Count the images that the indexed files count as; see `ImageStore`."""
    return int(_grid(index.sides.astype(np.int64), tile).prod(axis=1).sum())


def _grid(sides: np.ndarray[Any, Any], tile: int) -> np.ndarray[Any, Any]:
    """Say into how many rows and columns of tiles each image is cut, (N, 2)."""
    return -(-sides // tile) if tile else np.ones_like(sides)


def _stretch(position: int, count: int, length: int) -> slice:
    """Give the `position`-th of `count` stretches of about equal length."""
    return slice(position * length // count, (position + 1) * length // count)
