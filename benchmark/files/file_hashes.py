"""SHA-256 of files that are hashed again and again: large ones are remembered by their state.

A weight file of 400 MB takes a third of a second, and planning and reports look at it every time.  Nobody
but the file system writes the time of a file's last change of state, so an edited file is never taken for
what it was; what changed in the last moments is not remembered, for clocks are coarse.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final

from ..contracts.errors import DataError, EmsegError
from .cache import cache_folder
from .regular import open_regular
from .store import write_whole
from .texts import read_json

WORTH_BYTES: Final = 1 << 20
"""Smaller files are hashed faster than what is remembered of them is read."""
SETTLED_NS: Final = 2_000_000_000
"""A file that changed later than this before it was hashed may have changed since."""


def sha256_of_large_file(path: Path, error: type[EmsegError] = DataError) -> str:
    """Hash a regular file, unless it was hashed before and has not changed since.

    Raises:
        EmsegError: It is no regular file, or cannot be read; of the type `error`.
    """
    with open_regular(path, error) as file:
        state = os.fstat(file.fileno())
        if state.st_size < WORTH_BYTES:
            return _digest(file, path, error)
        seen = [state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns]
        note = cache_folder() / "hashes" / f"{sha256(os.fsencode(path.resolve())).hexdigest()}.json"
        if known := _known(note, seen):
            return known
        found = _digest(file, path, error)
    if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) > SETTLED_NS:
        with suppress(OSError, EmsegError):  # it is hashed again where nothing can be remembered
            write_whole(note, json.dumps({"state": seen, "sha256": found}))
    return found


def _digest(file: object, path: Path, error: type[EmsegError]) -> str:
    try:
        return file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except OSError as failure:
        raise error(f"{path} cannot be read: {failure.strerror or failure}.") from failure


def _known(note: Path, state: list[int]) -> str | None:
    if not note.exists():
        return None
    try:
        found = read_json(note)
    except EmsegError:
        return None
    if isinstance(found, dict) and found.get("state") == state and isinstance(found.get("sha256"), str):
        return str(found["sha256"])
    return None
