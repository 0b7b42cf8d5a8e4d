"""The one memory of what was found out: notes in the cache, which hold as long as nothing changes.

Nobody but the file system writes the time of a file's last change of state, so an edited file is never taken
for what it was.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias, TypeVar

from ..contracts.errors import DataError, EmsegError, StoreError
from .cache import cache_folder
from .regular import file_state, open_regular
from .store import write_whole
from .texts import read_json

T = TypeVar("T")
State: TypeAlias = list[int]
"""What changes when somebody writes: number of files, their bytes, latest times of both kinds (ns)."""

SETTLED_NS: Final = 2_000_000_000
"""A file that changed later than this before it was looked at may have changed since: clocks are coarse."""


def stamp(path: Path, error: type[EmsegError] = DataError) -> State:
    """Return the state of a file, or of all files below a folder.

    Raises:
        EmsegError: It has gone; of the type `error`.
    """
    if not path.is_dir():
        return state_of(file_state(path, error))
    states = [
        state_of(file_state(Path(folder, name), error))
        for folder, _, names in os.walk(path)
        for name in names
        if name[:1] != "~"
    ]
    sizes, *times = ([state[place] for state in states] for place in (1, 2, 3))
    return [len(states), sum(sizes), *(max(one, default=0) for one in times)]


def state_of(status: os.stat_result) -> State:
    """Return the state of one file, as `os.stat` describes it."""
    return [1, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def is_settled(state: State) -> bool:
    """Tell whether a file changed so long ago that another change would show."""
    return time.time_ns() - max(state[2:]) > SETTLED_NS


def recall(note: Path, state: Any, kind: type[T]) -> T | None:
    """Return what is remembered; None where that is nothing, damaged, of another state or no such kind."""
    try:
        known = read_json(note)
    except EmsegError:
        return None
    found = known.get("found") if isinstance(known, dict) and known.get("state") == state else None
    return found if isinstance(found, kind) else None


def keep(note: Path, state: Any, found: Any, what: str = "what was found out") -> None:
    """Remember something (plain data), until its state is another one.

    Raises:
        DataError: The cache cannot be written; begins with `what`.
    """
    try:
        write_whole(note, json.dumps({"state": state, "found": found}))
    except (OSError, StoreError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(
            f"{what} cannot be written to {note}: {reason}. Make the cache folder writable, free some space, "
            "or choose another with EMSEG_BENCH_CACHE."
        ) from error


def made_once(
    note: Path, state: Any, make: Callable[[], T], plain: Callable[[T], Any], restore: Callable[[Any], T]
) -> T:
    """Make something, unless it was made before; where nothing can be kept it is made again.

    Args:
        note: Where it is remembered.
        state: Plain data, another whenever something else would be made.
        make: Makes it.
        plain: Turns it into plain data.
        restore: Undoes that; raises KeyError, TypeError or ValueError where the data make no sense.
    """
    if (known := recall(note, state, object)) is not None:
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            return restore(known)
    made = make()
    with suppress(DataError):
        keep(note, state, plain(made))
    return made


def remembered(
    path: Path,
    what: str,
    find_out: Callable[[BinaryIO], Any],
    *,
    error: type[EmsegError] = DataError,
    worth_bytes: int = 0,
) -> Any:
    """Find something out about a regular file, unless it was found out before and the file has not changed.

    Of a file that changed just before, nothing is remembered.

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
        seen = state_of(state)
        note = cache_folder() / what / f"{sha256(os.fsencode(path.resolve())).hexdigest()}.json"
        if (known := recall(note, seen, object)) is not None:
            return known
        found = _found(file, path, find_out, error)
    if is_settled(seen):
        with suppress(DataError):  # it is found out again where nothing can be remembered
            keep(note, seen, found)
    return found


def _found(file: BinaryIO, path: Path, find_out: Callable[[BinaryIO], Any], error: type[EmsegError]) -> Any:
    try:
        return find_out(file)
    except OSError as failure:
        raise error(f"{path} cannot be read: {failure.strerror or failure}.") from failure
