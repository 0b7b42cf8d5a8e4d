"""NumPy's own files; memory-mapped."""

from __future__ import annotations

import tokenize
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from ...files.regular import open_regular
from .found import Found, Mapped, checked, unreadable

_BROKEN: Final = (
    OSError, ValueError, TypeError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError,
)  # fmt: skip
"""What NumPy and Python's own parser raise for a damaged header."""
_LONGEST: Final = 1 << 20
"""Bytes of a header."""


def find(path: Path) -> Found:
    """Read the header.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with open_regular(path) as file:
            version = np.lib.format.read_magic(file)
            _check_length(file, version)
            formats = np.lib.format
            read = formats.read_array_header_1_0 if version == (1, 0) else formats.read_array_header_2_0
            shape, fortran, dtype = read(file)
            offset = file.tell()
    except _BROKEN as error:
        raise unreadable(path, " ".join(str(error).split())[:200] or "its header nests too deep") from error
    if dtype.hasobject:
        raise unreadable(path, "it holds Python objects")
    return Found(stored=checked(Mapped(path, dtype, shape, offset, "F" if fortran else "C")))


def _check_length(file: BinaryIO, version: tuple[int, int]) -> None:
    """Refuse a header that announces more than any has, for NumPy makes room for it at once.

    Raises:
        ValueError: It does.
    """
    place = file.tell()
    length = int.from_bytes(file.read(2 if version == (1, 0) else 4), "little")
    if length > _LONGEST:
        raise ValueError(f"its header says that it has {length:,} bytes")
    file.seek(place)
