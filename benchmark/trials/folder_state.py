"""In which state the files of a trial are, without opening one."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from ..files.seen import SETTLED_NS
from .kept_files import grows


def state_of_trial(folder: Path) -> str | None:
    """Name the state of all files of a trial; another name whenever somebody wrote to one.

    Returns:
        None where that cannot be told: of what is or holds a link, is no file, cannot be looked at, or was
        changed just before, for clocks are coarse.
    """
    try:
        found = sorted(_states(os.fspath(folder), "")) if not folder.is_symlink() else None
    except OSError:
        return None
    if not found or max(max(times) for _, _, *times in found) > time.time_ns() - SETTLED_NS:
        return None
    return sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest()


def _states(folder: str, place: str) -> Iterator[tuple[str, int, int, int]]:
    """Give name, size and times of each file.

    Raises:
        OSError: Something is neither a file nor a folder, or cannot be looked at.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            name = place + entry.name
            if grows(name) and name != "record.json":
                continue
            state = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(state.st_mode):
                yield from _states(entry.path, f"{name}/")
            elif stat.S_ISREG(state.st_mode):
                yield name, state.st_size, state.st_mtime_ns, state.st_ctime_ns
            else:
                raise OSError(f"{entry.path} is no file")
