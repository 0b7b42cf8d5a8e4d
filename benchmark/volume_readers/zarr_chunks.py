"""An array of a zarr folder, read chunk by chunk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import zarr
from zarr.errors import BaseZarrError

from .found import Array, Handle, Place, unreadable

BROKEN: Final = (OSError, ValueError, KeyError, TypeError, BaseZarrError)
"""What zarr raises for a damaged folder."""


class Chunks:
    """An array whose chunks are read when they are asked for."""

    def __init__(self, path: Path, name: str, data: zarr.Array[Any]) -> None:
        self.dtype: np.dtype[Any] = data.dtype
        self.shape: tuple[int, ...] = data.shape
        self.chunk: tuple[int, ...] = data.chunks
        self._path = path
        self._data = Handle(partial(_open, path, name))

    def read(self, place: Place) -> Array:
        """Read a box.

        Raises:
            DataError: It is damaged.
        """
        try:
            return np.asarray(self._data.get()[place])
        except (*BROKEN, RuntimeError) as error:
            raise unreadable(self._path, error) from error


def _open(path: Path, name: str) -> zarr.Array[Any]:
    try:
        return zarr.open_array(path, path=name.strip("/"), mode="r")
    except BROKEN as error:
        raise unreadable(path, error) from error
