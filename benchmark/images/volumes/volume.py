"""An opened volume: its header is known, and of its values any box can be read as (Z, Y, X)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...files.decoding import reading
from ...files.limits import array_bytes, check_claim
from .found import Array, Mapped, Stored
from .position import Grid

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
    backwards: str = ""
    """Axes along which values are stored from the end to the beginning."""
    start: tuple[int, int, int] = (0, 0, 0)
    """Where the part that is meant begins in what is stored, (z, y, x), axes turned round already."""
    grid: Grid | None = None
    """Where it lies in space; None: nobody says."""

    def read(self, z: slice = WHOLE, y: slice = WHOLE, x: slice = WHOLE) -> Array:
        """Read a box as (Z, Y, X) values of the file's own type, and little more than that.

        Raises:
            DataError: The file has gone or is damaged.
        """
        wanted = dict(zip("zyx", (z, y, x), strict=True))
        places = [
            self._place(axis, wanted.get(axis, WHOLE), length)
            for axis, length in zip(self.axes, self.stored.shape, strict=True)
        ]
        if not isinstance(self.stored, Mapped):
            sides = [place.stop - place.start for place in places]
            check_claim(array_bytes(sides, self.dtype.itemsize), self.source, "a part to be read at once")
        with reading(self.path):
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
        if not isinstance(self.stored, Mapped):
            return None
        places = [
            self._place(axis, WHOLE, length)
            for axis, length in zip(self.axes, self.stored.shape, strict=True)
        ]
        return self._in_order(self.stored.array()[tuple(places)])

    @property
    def view(self) -> list[Any]:
        """What tells this view of the stored values from others of the same axes; empty: all, forwards."""
        return [self.backwards, list(self.start)] if self.backwards or any(self.start) else []

    def part(self, start: tuple[int, int, int], shape: tuple[int, int, int]) -> Volume:
        """Return a box of it as a volume of its own."""
        z, y, x = (begin + more for begin, more in zip(self.start, start, strict=True))
        grid = self.grid.moved(start, (False,) * 3, self.shape) if self.grid else None
        return replace(self, start=(z, y, x), shape=shape, grid=grid)

    def turned(self, order: str, backwards: str) -> Volume:
        """Return it with its axes in another order, and read from the other end.

        Args:
            order: Which of its axes become z, y and x: ``zxy`` exchanges the last two.
            backwards: Axes, as they are then called, that are read backwards.
        """
        names = str.maketrans(order, "zyx")
        sides = dict(zip("zyx", self.shape, strict=True))
        starts = dict(zip("zyx", self.start, strict=True))
        z, y, x = (starts[axis] for axis in order)
        a, b, c = (sides[axis] for axis in order)
        same = replace(
            self,
            axes=self.axes.translate(names),
            backwards=self.backwards.translate(names),
            start=(z, y, x),
            shape=(a, b, c),
            grid=self.grid.ordered(order) if self.grid else None,
        )
        return same._reversed(backwards)

    def _reversed(self, backwards: str) -> Volume:
        """Return it with some axes read from the other end."""
        stored = dict(zip(self.axes, self.stored.shape, strict=True))
        z, y, x = (
            stored.get(axis, 1) - begin - side if axis in backwards else begin
            for axis, begin, side in zip("zyx", self.start, self.shape, strict=True)
        )
        turns = [axis in backwards for axis in "zyx"]
        return replace(
            self,
            backwards="".join(axis for axis in "zyx" if (axis in self.backwards) != (axis in backwards)),
            start=(z, y, x),
            grid=self.grid.moved((0, 0, 0), turns, self.shape) if self.grid else None,
        )

    def _place(self, axis: str, wanted: slice, length: int) -> slice:
        """Return where in the stored array a stretch of an axis is."""
        if axis not in "zyx":
            return slice(0, length)
        number = "zyx".index(axis)
        first, last = wanted.indices(self.shape[number])[:2]
        first, last = first + self.start[number], max(first, last) + self.start[number]
        return slice(length - last, length - first) if axis in self.backwards else slice(first, last)

    def _in_order(self, values: Array) -> Array:
        flat = values[tuple(WHOLE if axis in "zyx" else 0 for axis in self.axes)]
        spatial = [axis for axis in self.axes if axis in "zyx"]
        flat = flat[tuple(slice(None, None, -1 if axis in self.backwards else 1) for axis in spatial)]
        ordered = flat.transpose([spatial.index(axis) for axis in "zyx" if axis in spatial])
        return ordered if "z" in spatial else ordered[None]


def shape_of(axes: str, stored: Sequence[int]) -> tuple[int, int, int]:
    """Return the (Z, Y, X) shape of an array with these axes."""
    lengths = dict(zip(axes, stored, strict=True))
    return lengths.get("z", 1), lengths["y"], lengths["x"]
