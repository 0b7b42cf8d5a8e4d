"""Slabs: some slices of a volume that are read or written at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

SLAB_BYTES: Final = 64 * 2**20
"""Of pixels that are read at once, and of votes that are written at once."""


class Slabs(Protocol):
    """A volume (Z, Y, X) that is read in slabs of whole z slices, uint8 or float32 between 0 and 1."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sides (Z, Y, X), px."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the pixels."""

    def __getitem__(self, index: slice, /) -> Array:
        """Read the slices of a range."""


class Labels(Protocol):
    """What takes labels (Z, Y, X), slab by slab in the order of z."""

    def __setitem__(self, index: slice, labels: Array, /) -> None:
        """Take the slices of a range."""


def reads(slices: Slabs, slab: int | None, first: int = 0) -> Iterator[Callable[[], Array]]:
    """Give functions that read slabs of slices into memory, (N, ., .) each.

    Args:
        slices: What is read.
        slab: Slices at once; None: as many as `SLAB_BYTES` hold.
        first: Slice that they begin with.
    """
    number, height, width = slices.shape
    slab = slab or fitting(height * width * slices.dtype.itemsize)
    return (partial(_read, slices, slice(start, start + slab)) for start in range(first, number, slab))


def _read(slices: Slabs, index: slice) -> Array:
    """Read a slab into memory; here the pixels of a memory map come from the disk."""
    view = slices[index]
    if view.flags.c_contiguous:
        return np.array(view)
    slab = np.empty(view.shape, view.dtype)
    for row in range(view.shape[1]):  # so that what is turned around stays in the processor's cache
        slab[:, row] = view[:, row]
    return slab


def fitting(slice_bytes: int) -> int:
    """Say how many slices of so many bytes make a slab; at least one."""
    return max(1, SLAB_BYTES // slice_bytes)
