"""An array of a zarr folder, read chunk by chunk."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import zarr
from zarr.errors import BaseZarrError

from ...files.limits import check_stored, limit_bytes
from ...files.printable import printable
from ...files.regular import shown
from .found import Array, Handle, Place, unreadable, values_bytes
from .zarr_store import open_node

BROKEN: Final = (OSError, ValueError, KeyError, TypeError, BaseZarrError)
"""What zarr raises for a damaged folder."""


class Chunks:
    """An array whose chunks are read when they are asked for."""

    def __init__(self, path: Path, name: str, data: zarr.Array[Any]) -> None:
        self.dtype: np.dtype[Any] = data.dtype
        self.shape: tuple[int, ...] = data.shape
        self.chunk: tuple[int, ...] = data.chunks
        claimed = values_bytes(path, self.shape, self.dtype)
        if claimed > limit_bytes():  # of others nobody cares how much is stored
            check_stored(claimed, _stored_bytes(path / name.strip("/")), f"{shown(path)}:{printable(name)}")
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
        node = open_node(path, name)
    except BROKEN as error:
        raise unreadable(path, error) from error
    if not isinstance(node, zarr.Array):
        raise unreadable(path, f"{name} is no array")
    return node


def _stored_bytes(folder: Path) -> int:
    return sum((Path(place) / name).lstat().st_size for place, _, names in os.walk(folder) for name in names)
