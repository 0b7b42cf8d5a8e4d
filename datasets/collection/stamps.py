"""Tells whether files have changed, by size and time of change."""

from __future__ import annotations

import os
from pathlib import Path

from ...benchmark.contracts.errors import DataError


def stamp(path: Path) -> list[int]:
    """Return what changes when a file, or any file of a folder, is written: sizes and time of change (ns).

    Raises:
        DataError: It has gone.
    """
    if not path.is_dir():
        return [1, *glance(path)]
    states = [
        glance(Path(folder, name)) for folder, _, names in os.walk(path) for name in names if name[:1] != "~"
    ]
    return [len(states), sum(size for size, _ in states), max((time for _, time in states), default=0)]


def glance(path: Path) -> tuple[int, int]:
    """Return size and time of change (ns) of a file, or of a folder's own list of names.

    Raises:
        DataError: It has gone.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    return status.st_size, status.st_mtime_ns
