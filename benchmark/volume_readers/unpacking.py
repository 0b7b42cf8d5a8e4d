"""Unpacks compressed files once, in stretches, since nothing can be read from their middle."""

from __future__ import annotations

import gzip
import os
import zlib
from functools import partial
from pathlib import Path
from typing import Final

from ..errors import DataError
from ..hashing import sha256_of
from .copies import keep
from .found import unreadable

STRETCH: Final = 1 << 24
"""So much is in memory at a time, bytes."""


def unpacked(path: Path, offset: int, cache: Path) -> Path:
    """Return an unpacked copy of a gzip stream, made if the file is new or has changed, in place of the old.

    Args:
        path: The compressed file.
        offset: Where the stream begins, bytes.
        cache: The cache folder; copies lie in ``datasets/volume/unpacked/`` below it.

    Raises:
        DataError: The stream is damaged, or the cache cannot be written.
    """
    status = path.stat()
    name = sha256_of([os.fsencode(path.absolute()).hex(), offset])[:16]
    state = sha256_of([status.st_size, status.st_mtime_ns])[:8]
    target = cache / "datasets" / "volume" / "unpacked" / f"{name}-{state}.raw"
    try:
        keep(target, partial(_unpack, path, offset), stale=f"{name}-*")
    except OSError as error:
        raise DataError(
            f"{path} cannot be unpacked into {target.parent}: {error.strerror or error}. Make the cache "
            "folder writable, free some space, or save the volume uncompressed."
        ) from error
    return target


def _unpack(path: Path, offset: int, target: Path) -> None:
    with path.open("rb") as packed, target.open("wb") as file:
        packed.seek(offset)
        try:
            with gzip.open(packed) as stream:
                while stretch := stream.read(STRETCH):
                    file.write(stretch)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise unreadable(path, error) from error
