"""What a reader finds in a file, and where values come from later."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np

from ...contracts.errors import DataError
from ...files.limits import array_bytes
from ...files.printable import printable
from ...files.regular import check_holes, check_regular, shown
from .position import Position

Array: TypeAlias = np.ndarray[Any, Any]
Place: TypeAlias = tuple[slice, ...]
"""A box of an array: one slice with start and stop per axis."""

T = TypeVar("T")


class Stored(Protocol):
    """An array on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """In the file's own order of axes."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""

    @property
    def chunk(self) -> tuple[int, ...]:
        """The smallest box that is decoded as one, by axis; all 1 where values can be read one by one."""

    def read(self, place: Place) -> Array:
        """Read a box, and of the rest no more than the format makes necessary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the header of a file says."""

    stored: Stored
    axes: str | None = None
    """One letter per axis of `stored`, such as ``zyx``; None: the file does not say."""
    spacing: Mapping[str, float] = field(default_factory=dict)
    """Voxel size by axis, nm; without what the file does not say."""
    backwards: str = ""
    """Axes, of `axes`, along which values are stored from the end to the beginning."""
    position: Position | None = None
    """Where it lies; None: the file does not say, or nobody could believe it."""
    notes: tuple[str, ...] = ()
    """What people should know, as what follows the file's name: ``was unpacked into the cache``."""


_OPENING = Lock()
if hasattr(os, "register_at_fork"):  # or a child forked while a thread opens would wait for ever
    os.register_at_fork(
        before=_OPENING.acquire, after_in_parent=_OPENING.release, after_in_child=_OPENING.release
    )


class Handle(Generic[T]):
    """Something that is opened once in every process, for a forked process must not share an open file.

    Threads of a process share it; what they do with it at the same time, it has to bear.

    Args:
        open_: Opens it; a function of a module or a `functools.partial` of one, so that it goes to workers.
    """

    def __init__(self, open_: Callable[[], T]) -> None:
        self._open = open_
        self._opened: tuple[int, T] | None = None

    def get(self) -> T:
        """Return what is open in this process."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            with _OPENING:
                opened = self._opened
                if opened is None or opened[0] != os.getpid():
                    opened = self._opened = (os.getpid(), self._open())
        return opened[1]

    def __del__(self) -> None:
        """Close what is open, where it can be closed."""
        close = getattr(self._opened[1], "close", None) if self._opened else None
        if close is not None:
            close()

    def __getstate__(self) -> dict[str, Any]:
        return {"_open": self._open, "_opened": None}


@dataclass(frozen=True, slots=True)
class Mapped:
    """Values that lie in a file as they are in memory."""

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    """Where they begin, bytes."""
    order: str = "C"
    """F: the first axis runs fastest."""

    @property
    def chunk(self) -> tuple[int, ...]:
        """Single values."""
        return (1,) * len(self.shape)

    def array(self) -> Array:
        """Map the file: nothing is read before it is looked at.

        Raises:
            DataError: The file has gone, or is shorter than its header says.
        """
        try:
            return np.memmap(self.path, self.dtype, "r", self.offset, self.shape, self.order)  # type: ignore[call-overload, no-any-return]
        except OSError as error:
            raise unreadable(self.path, error.strerror or error) from error
        except (ValueError, OverflowError) as error:
            raise unreadable(self.path, "it is shorter than its header says") from error

    def read(self, place: Place) -> Array:
        """Return a box as a view of the map."""
        return self.array()[place]


def checked(mapped: Mapped, source: Path | None = None) -> Mapped:
    """Refuse a file that ends before its values do.

    Args:
        mapped: The values.
        source: The file that they were unpacked from, for messages; None: their own.

    Raises:
        DataError: It does.
    """
    state, name = check_regular(mapped.path), source or mapped.path
    size, expected = state.st_size, mapped.offset + values_bytes(name, mapped.shape, mapped.dtype)
    if mapped.offset < 0:
        raise unreadable(name, f"its header says that its values begin at {mapped.offset:,}")
    check_holes(mapped.path, state)
    if size < expected:
        raise unreadable(name, f"it holds {size:,} of the {expected:,} bytes that it announces")
    return mapped


def values_bytes(source: Path | str, shape: Sequence[int], dtype: np.dtype[Any]) -> int:
    """Return how many bytes the values of an array take.

    Raises:
        DataError: Its sides are none that an array can have.
    """
    try:
        return array_bytes(shape, dtype.itemsize)
    except ValueError as error:
        raise unreadable(source, error) from error


def unreadable(path: Path | str, reason: object) -> DataError:
    """Return the error for a file that cannot be read; a codec that is not to be had is named."""
    if type(reason).__name__ == "UnknownCodecError":  # zarr's, and numcodecs'
        return DataError(
            f"{path} is compressed in a way for which there is no decoder here ({reason}). Save it with "
            "zstd, blosc or gzip, or without compression."
        )
    return DataError(
        f"{shown(path)} cannot be read as a volume: {printable(reason) or 'it is damaged'}. It may be cut "
        "short, damaged or something else than its name says; save or copy it again."
    )
