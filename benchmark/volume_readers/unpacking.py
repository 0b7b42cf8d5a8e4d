"""Unpacks compressed files once, in stretches, since nothing can be read from their middle."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from pathlib import Path
from typing import Final

from filelock import FileLock

from ..errors import DataError
from .found import unreadable

STRETCH: Final = 1 << 24
"""So much is in memory at a time, bytes."""


def unpacked(path: Path, offset: int, cache: Path) -> Path:
    """Return an unpacked copy of a gzip stream, made if the file is new or has changed.

    Args:
        path: The compressed file.
        offset: Where the stream begins, bytes.
        cache: The cache folder; copies lie in ``datasets/volume/unpacked/`` below it.

    Raises:
        DataError: The stream is damaged, or the cache cannot be written.
    """
    status = path.stat()
    state = f"{os.fsdecode(path.absolute())}\n{status.st_size}\n{status.st_mtime_ns}\n{offset}"
    name = hashlib.sha256(os.fsencode(state)).hexdigest()[:24]
    target = cache / "datasets" / "volume" / "unpacked" / f"{name}.raw"
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            if not target.exists():
                _unpack(path, offset, target)
    except OSError as error:
        raise DataError(
            f"{path} cannot be unpacked into {target.parent}: {error.strerror or error}. Make the cache "
            "folder writable, free some space, or save the volume uncompressed."
        ) from error
    return target


def _unpack(path: Path, offset: int, target: Path) -> None:
    partial = target.with_suffix(".partial")
    with path.open("rb") as packed, partial.open("wb") as file:
        packed.seek(offset)
        try:
            with gzip.open(packed) as stream:
                while stretch := stream.read(STRETCH):
                    file.write(stretch)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            partial.unlink()
            raise unreadable(path, error) from error
    partial.replace(target)
