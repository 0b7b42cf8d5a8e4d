"""What was found out about files, remembered as long as they do not change.

Nobody but the file system writes the time of a file's last change of state, so an edited file is never taken
for what it was; what changed in the last moments is not remembered, for clocks are coarse.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..contracts.errors import DataError, EmsegError
from .cache import cache_folder
from .regular import open_regular
from .store import write_whole
from .texts import read_json

SETTLED_NS: Final = 2_000_000_000
"""A file that changed later than this before it was looked at may have changed since."""


def remembered(
    path: Path,
    what: str,
    find_out: Callable[[BinaryIO], Any],
    *,
    error: type[EmsegError] = DataError,
    worth_bytes: int = 0,
) -> Any:
    """Find something out about a regular file, unless it was found out before and the file has not changed.

    Args:
        path: The file.
        what: Names what is found out; another word whenever the same file would give something else.
        find_out: Reads the open file; gives plain data.
        error: What is raised if the file cannot be read.
        worth_bytes: Of smaller files nothing is remembered.

    Raises:
        EmsegError: It is no regular file, or cannot be read; of the type `error`.
    """
    with open_regular(path, error) as file:
        state = os.fstat(file.fileno())
        if state.st_size < worth_bytes:
            return _found(file, path, find_out, error)
        seen = [state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns]
        note = cache_folder() / what / f"{sha256(os.fsencode(path.resolve())).hexdigest()}.json"
        if (known := _known(note, seen)) is not None:
            return known
        found = _found(file, path, find_out, error)
    if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) > SETTLED_NS:
        with suppress(OSError, EmsegError):  # it is found out again where nothing can be remembered
            write_whole(note, json.dumps({"state": seen, "found": found}))
    return found


def _found(file: BinaryIO, path: Path, find_out: Callable[[BinaryIO], Any], error: type[EmsegError]) -> Any:
    try:
        return find_out(file)
    except OSError as failure:
        raise error(f"{path} cannot be read: {failure.strerror or failure}.") from failure


def _known(note: Path, state: list[int]) -> Any:
    if not note.exists():
        return None
    try:
        known = read_json(note)
    except EmsegError:
        return None
    return known.get("found") if isinstance(known, dict) and known.get("state") == state else None
