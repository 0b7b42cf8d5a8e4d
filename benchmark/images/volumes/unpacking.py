"""Unpacks compressed files once, in stretches, since nothing can be read from their middle."""

from __future__ import annotations

import os
import zlib
from functools import partial
from pathlib import Path
from typing import Final

from ...contracts.errors import DataError
from ...files.copies import keep
from ...files.disk import check_room
from ...files.hashing import sha256_of
from ...files.inflate import can_hold, inflated
from ...files.limits import told
from ...files.regular import check_holes, check_regular, open_regular
from ...files.seen import state_of
from .found import unreadable

SLACK: Final = 1 << 20
"""So many bytes may follow the values that a header announces; some programs leave a few."""


def unpacked(path: Path, offset: int, cache: Path, expected: int) -> Path:
    """Return an unpacked copy of a gzip stream, made if the file is new or has changed, in place of the old.

    Args:
        path: The compressed file.
        offset: Where the stream begins, bytes.
        cache: The cache folder; copies lie in ``datasets/volume/unpacked/`` below it.
        expected: What the header says that the stream unpacks to, bytes.

    Raises:
        DataError: The stream is damaged or unpacks to something else, or the cache cannot be written.
    """
    status = check_regular(path)
    check_holes(path, status)
    if not can_hold(status.st_size, expected):
        raise unreadable(path, f"it announces {told(expected)}, and has only {status.st_size:,} bytes for it")
    name = sha256_of([os.fsencode(path.absolute()).hex(), offset])[:16]
    state = sha256_of(state_of(status))[:8]
    target = cache / "datasets" / "volume" / "unpacked" / f"{name}-{state}.raw"
    try:
        keep(target, partial(_unpack, path, offset, expected), stale=f"{name}-*")
    except OSError as error:
        raise DataError(
            f"{path} cannot be unpacked into {target.parent}: {error.strerror or error}. Make the cache "
            "folder writable, free some space, or save the volume uncompressed."
        ) from error
    return target


def _unpack(path: Path, offset: int, expected: int, target: Path) -> None:
    check_room(target.parent, expected)
    written = 0
    with open_regular(path) as packed, target.open("wb") as file:
        packed.seek(offset)
        try:
            for stretch in inflated(packed):
                file.write(stretch)
                written += len(stretch)
                if written > expected + SLACK:
                    raise unreadable(
                        path, f"it unpacks to more than the {expected:,} bytes that it announces"
                    )
        except (EOFError, zlib.error) as error:
            raise unreadable(path, error) from error
