"""A dataset of an HDF5 file: ``file.h5:/raw``, or just the file if it holds a single volume."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ...contracts.errors import DataError
from ...files.decoding import reading
from ...files.regular import check_regular, shown
from .attributes import said_axes, said_position, said_spacing
from .filters import missing_filters
from .found import Array, Found, Handle, Place, unreadable
from .hdf5_guard import check_chunks, check_dataset, datasets_below, follow


def find(path: Path, inside: str) -> Found:
    """Read the header of one dataset.

    Raises:
        DataError: It cannot be read, there is no such dataset, or `inside` is empty and there are several.
    """
    name = inside or _only(path)
    data = _open(path, name)
    with data.file:
        dimensions = len(data.shape)
        attributes = dict(data.attrs)
        axes = said_axes(attributes, dimensions) or _scales(data)
        named = axes or "zyx"[-dimensions:]
        spacing = said_spacing(attributes, named)
        position = said_position(attributes, named, spacing) if len(named) == dimensions else None
        return Found(stored=_Dataset(path, name, data), axes=axes, spacing=spacing, position=position)


def inside(path: Path) -> list[tuple[str, tuple[int, ...], np.dtype[Any]]]:
    """List the arrays of a file that may be volumes: name, shape and type of values.

    Raises:
        DataError: It cannot be read.
    """
    try:
        check_regular(path)
        with reading(path), _file(path) as file:
            found = [
                (item.name, item.shape, item.dtype)
                for item in datasets_below(file)
                if item.ndim >= 3 and item.dtype.kind in "uifb"
            ]
    except (OSError, RuntimeError) as error:
        raise unreadable(path, error) from error
    return sorted(found, key=lambda item: item[0])


def _only(path: Path) -> str:
    names = [name for name, _, _ in inside(path)]
    if len(names) != 1:
        known = ", ".join(names) or "none that is a volume"
        raise DataError(f"{path} holds several datasets or none: {known}. Name one: {path}:/NAME.")
    return names[0]


def _file(path: Path) -> h5py.File:
    """Open a file to be read; without a lock, which some network file systems do not have."""
    return h5py.File(path, "r", locking=False)


def _open(path: Path, name: str) -> h5py.Dataset:
    try:
        file = _file(path)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        with reading(path):
            data = follow(file, name, path)
            if isinstance(data, h5py.Dataset):
                check_dataset(data, path)
                return data
    except DataError:
        file.close()
        raise
    file.close()
    known = ", ".join(name for name, _, _ in inside(path)) or "none that is a volume"
    raise DataError(f"{path} holds no dataset {name!r}; it holds {known}.")


def _scales(data: h5py.Dataset) -> str | None:
    """Return the labels of HDF5's own dimensions."""
    labels = [data.dims[axis].label.lower() for axis in range(len(data.shape))]
    return "".join(labels) if all(len(label) == 1 for label in labels) else None


class _Dataset:
    """A dataset whose chunks are read when they are asked for."""

    def __init__(self, path: Path, name: str, data: h5py.Dataset) -> None:
        self.dtype: np.dtype[Any] = data.dtype
        self.shape: tuple[int, ...] = data.shape
        self.chunk: tuple[int, ...] = data.chunks or (1,) * data.ndim
        self._path = path
        self._data = Handle(partial(_open, path, name))

    def read(self, place: Place) -> Array:
        data = self._data.get()
        try:
            check_chunks(data, place, f"{shown(self._path)}:{data.name}")
            return np.asarray(data[place])
        except (DataError, OSError, RuntimeError) as error:
            if lacking := missing_filters(data):
                besides = f" Besides, {error}" if isinstance(error, DataError) else ""
                raise DataError(
                    f"{self._path} is compressed with {lacking}, which HDF5 can read with a plugin alone: "
                    f"'pip install hdf5plugin' and run again, or save it with gzip.{besides}"
                ) from error
            raise error if isinstance(error, DataError) else unreadable(self._path, error) from error
