"""``.npy`` files that are written slice by slice and hashed on the way."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .space import writing


class ArrayFile:
    """A ``.npy`` file in the making; plain writes, so that no mapped pages pile up.

    Args:
        path: Where it is written.
        dtype: Of its values.
        shape: (Z, Y, X); so many slices must be written.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], shape: tuple[int, int, int]) -> None:
        self.dtype = dtype
        self._hash = hashlib.sha256()
        self._path, self._shape = path, shape
        with writing(path):
            self._file = path.open("wb")

    def write(self, slice_: np.ndarray[Any, Any]) -> None:
        """Append a (Y, X) slice.

        Raises:
            ValueError: Its values are of another type.
        """
        if slice_.dtype != self.dtype:
            raise ValueError(f"holds {slice_.dtype} values, the slices before it {self.dtype}")
        self._put(np.ascontiguousarray(slice_).data.cast("B"))

    def _put(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        with writing(self._path):
            self._store(data)

    def _store(self, data: bytes | memoryview) -> None:
        self._file.write(data)

    @property
    def sha256(self) -> str:
        """Hash of what was written."""
        return self._hash.hexdigest()

    def _header(self) -> bytes:
        header, descr = BytesIO(), np.lib.format.dtype_to_descr(self.dtype)
        described = {"descr": descr, "fortran_order": False, "shape": self._shape}
        np.lib.format.write_array_header_1_0(header, described)
        return header.getvalue()

    def __enter__(self) -> ArrayFile:
        try:
            self._put(self._header())
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with writing(self._path):
            self._file.close()
