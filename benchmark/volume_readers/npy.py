"""NumPy's own files; memory-mapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .found import Found, Mapped, checked, unreadable


def find(path: Path) -> Found:
    """Read the header.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            formats = np.lib.format
            read = formats.read_array_header_1_0 if version == (1, 0) else formats.read_array_header_2_0
            shape, fortran, dtype = read(file)
            offset = file.tell()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if dtype.hasobject:
        raise unreadable(path, "it holds Python objects")
    return Found(stored=checked(Mapped(path, dtype, shape, offset, "F" if fortran else "C")))
