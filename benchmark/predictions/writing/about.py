"""What a written array says of itself, in whatever format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from ...evaluation.slabs import SLAB_BYTES
from ..asked import Kind

Array: TypeAlias = np.ndarray[Any, Any]

MAKER: Final = "emseg-bench"
"""Under this name a file says what it was made from."""


class Stored(Protocol):
    """An array (Z, Y, X) or (Z, C, Y, X) that is read in slabs along z; Z is 1 of an image."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its values."""

    def __getitem__(self, index: slice, /) -> Array:
        """Read the slices of a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What stands in a file beside the values."""

    kind: Kind
    made_from: str
    """Hash of all that decides the values."""
    words: str
    """For people."""
    classes: tuple[tuple[int, str], ...]
    """Stored value and name of each class."""
    image: bool
    """Whether there is no axis z."""
    voxel_size_nm: tuple[float, ...] | None
    """By spatial axis; None: not known."""
    start: tuple[int, ...]
    """First voxel of the part of the source that this is, by spatial axis."""
    origin_nm: tuple[float, ...] | None
    """Where that voxel lies, by spatial axis; None: as `start` and voxel size say."""

    @property
    def spatial(self) -> str:
        """A letter per spatial axis."""
        return "yx" if self.image else "zyx"

    @property
    def sizes(self) -> tuple[float, ...]:
        """Sides of a voxel by spatial axis, 1 where they are not known."""
        return self.voxel_size_nm or (1.0,) * len(self.spatial)

    @property
    def translation(self) -> tuple[float, ...]:
        """Where the first voxel lies by spatial axis, in the unit of `sizes`."""
        return self.origin_nm or tuple(a * b for a, b in zip(self.start, self.sizes, strict=True))


def slabs(data: Stored, multiple: int = 1) -> Iterator[tuple[int, Array]]:
    """Give an array in slabs along z that memory holds, with the number of the first slice of each.

    Args:
        data: The array.
        multiple: Slices of a slab are so many, or a multiple.
    """
    one = int(np.prod(data.shape[1:])) * data.dtype.itemsize
    step = max(multiple, SLAB_BYTES // max(1, one) // multiple * multiple)
    for start in range(0, data.shape[0], step):
        yield start, data[start : start + step]
