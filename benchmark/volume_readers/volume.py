"""An opened volume: its header is known, and of its values any box can be read as (Z, Y, X)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .found import Array, Mapped, Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

WHOLE = slice(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A grey or label volume on disk."""

    source: str
    """As messages name it: the file, and what is meant within it."""
    path: Path
    axes: str
    """A letter per axis as stored; those other than z, y and x have length 1."""
    shape: tuple[int, int, int]
    """(Z, Y, X)."""
    dtype: np.dtype[Any]
    voxel_size_nm: tuple[float, float, float] | None
    """(z, y, x)."""
    stored: Stored
    notes: tuple[str, ...] = ()

    def read(self, z: slice = WHOLE, y: slice = WHOLE, x: slice = WHOLE) -> Array:
        """Read a box as (Z, Y, X) values of the file's own type, and little more than that.

        Raises:
            DataError: The file has gone or is damaged.
        """
        wanted = dict(zip("zyx", (z, y, x), strict=True))
        places = [
            slice(*wanted.get(axis, WHOLE).indices(length)[:2])
            for axis, length in zip(self.axes, self.stored.shape, strict=True)
        ]
        return self._in_order(self.stored.read(tuple(places)))

    def __getitem__(self, z: slice) -> Array:
        """Read some sections, as `read` does."""
        return self.read(z)

    @property
    def chunk_depth(self) -> int:
        """How many sections are decoded to read one; 1 where each stands alone."""
        depths = dict(zip(self.axes, self.stored.chunk, strict=True))
        return min(depths.get("z", 1), self.shape[0])

    def slab(self, limit: int) -> int:
        """Return how many sections to read at a time: `limit` bytes, but whole chunks up to 4 times that."""
        section = self.shape[1] * self.shape[2] * self.dtype.itemsize
        number = max(1, limit // section)
        depth = self.chunk_depth
        if number < depth:
            return depth if depth * section <= 4 * limit else number
        return number - number % depth

    def mapped(self) -> Array | None:
        """Return the whole as a view of a memory map, (Z, Y, X); None: the format does not allow it."""
        return self._in_order(self.stored.array()) if isinstance(self.stored, Mapped) else None

    def _in_order(self, values: Array) -> Array:
        flat = values[tuple(WHOLE if axis in "zyx" else 0 for axis in self.axes)]
        spatial = [axis for axis in self.axes if axis in "zyx"]
        ordered = flat.transpose([spatial.index(axis) for axis in "zyx" if axis in spatial])
        return ordered if "z" in spatial else ordered[None]


def shape_of(axes: str, stored: Sequence[int]) -> tuple[int, int, int]:
    """Return the (Z, Y, X) shape of an array with these axes."""
    lengths = dict(zip(axes, stored, strict=True))
    return lengths.get("z", 1), lengths["y"], lengths["x"]
