"""What is known of an image or volume while it is segmented: a folder, beside its label map or a trial's own.

A killed command goes on from there.  Values are written where they belong, piece by piece, and then the piece
is noted as done.  Whatever is there without a note is computed and written once more, to the same bytes.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..files.shared_memory import take_space

Array: TypeAlias = np.ndarray[Any, Any]


class RawArray:
    """An array in a plain file, read and written in slabs along its first axis; memory holds none of it."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self.shape, self.dtype, self._path = shape, np.dtype(dtype), path
        self._row = int(np.prod(shape[1:], dtype=np.int64))
        path.touch()

    def __getitem__(self, index: slice) -> Array:
        """Read the slices of a range; what was never written is 0."""
        start, stop, _ = index.indices(self.shape[0])
        count = max(0, stop - start) * self._row
        values = np.fromfile(self._path, self.dtype, count, offset=start * self._row * self.dtype.itemsize)
        found = np.zeros(count, self.dtype)
        found[: len(values)] = values
        return found.reshape(-1, *self.shape[1:])

    def __setitem__(self, index: slice, values: Array) -> None:
        """Write the slices of a range, to the disk."""
        start, _, _ = index.indices(self.shape[0])
        with self._path.open("r+b") as file:
            file.seek(start * self._row * self.dtype.itemsize)
            file.write(np.ascontiguousarray(values, self.dtype).data)
            file.flush()
            os.fsync(file.fileno())


class Work:
    """The folder; it is made when something is put into it.

    Args:
        folder: Where it is.
        key: Gives a name of all that decides the values, when it is needed; what was begun under another
            one is removed.
    """

    def __init__(self, folder: Path, key: Callable[[], str]) -> None:
        self.folder, self._key = folder, key
        with suppress(OSError):
            if self._note.read_text(encoding="ascii") == key():
                return
        self.remove()

    @property
    def _note(self) -> Path:
        return self.folder / "key"

    def _place(self, name: str) -> Path:
        """Name a file of the folder, which is made if it is not there."""
        if not self._note.exists():
            (self.folder / "done").mkdir(parents=True)
            self._note.write_text(self._key(), encoding="ascii")
        return self.folder / name

    def array(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> RawArray:
        """Open one of its arrays."""
        return RawArray(self._place(name), shape, dtype)

    def mapped(self, name: str, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
        """Open one of its arrays of bytes to be written anywhere in it; new, it is zeros.

        Raises:
            OSError: There is no space for it.
        """
        path, size = self._place(name), int(np.prod(shape, dtype=np.int64))
        if not path.exists() or path.stat().st_size != size:
            with path.open("wb") as file:
                take_space(file.fileno(), size)
        return np.memmap(path, np.uint8, "r+", shape=shape)

    def is_done(self, piece: str) -> bool:
        """Tell whether a piece was written."""
        return (self.folder / "done" / piece).exists()

    def noted(self, name: str, count: int) -> list[tuple[int, ...]]:
        """Give the pieces ``name-1-2-...`` that were written, as so many numbers each."""
        piece = re.compile(re.escape(name) + r"-([0-9]{1,15})" * count)
        found = (piece.fullmatch(path.name) for path in (self.folder / "done").glob("*"))
        return [tuple(map(int, match.groups())) for match in found if match]

    def note(self, piece: str) -> None:
        """Say that a piece was written."""
        (self._place("done") / piece).touch()

    def forget(self, piece: str, array: str) -> None:
        """Remove a piece that others have taken the place of, and its array."""
        (self.folder / "done" / piece).unlink()
        (self.folder / array).unlink()

    def remove(self) -> None:
        """Remove it, once all is where it belongs."""
        shutil.rmtree(self.folder, ignore_errors=True)


class InMemory:
    """The same in memory, of what nobody goes on with."""

    def array(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Make an array."""
        made: Array = np.zeros(shape, dtype)
        return made

    def mapped(self, name: str, shape: tuple[int, ...]) -> Array:
        """Make an array of bytes."""
        return self.array(name, shape, np.uint8)

    def is_done(self, piece: str) -> bool:
        """Nothing is, before it is computed."""
        return False

    def note(self, piece: str) -> None:
        """Nobody asks."""
