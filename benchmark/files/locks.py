"""Locks between processes: every one of the project is made here.

A file system may have none (NFS without its lock service, Lustre as it is often mounted, some FUSE).  There
a file that marks who is at work takes their place, and that is said: such a mark outlives a killed process
of another machine, and waits for somebody who removes it.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..contracts.errors import StoreError
from .regular import shown

if TYPE_CHECKING:
    from filelock import BaseFileLock

NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What file systems say that have none."""
MARK: Final = ".at-work"
"""Ends the name of the file that takes a lock's place."""

_told: set[Path] = set()
"""Folders without locks that people have heard of."""


class HeldError(StoreError):
    """Another process holds a lock that was not to be waited for."""


@contextmanager
def locked(
    path: Path,
    *,
    wait: bool = True,
    on_wait: Callable[[], None] = lambda: None,
    tell: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold a lock while the context lasts.

    Args:
        path: The lock's file; its folder must be there.
        wait: Whether to wait for another process that holds it.
        on_wait: Called before that.
        tell: Hears, once for a folder, that its file system has no locks; None: standard error.

    Raises:
        HeldError: Another process holds it, and `wait` is false.
        OSError: The file cannot be made.
    """
    lock = _acquired(path, wait=wait, on_wait=on_wait, tell=tell or _to_standard_error)
    try:
        yield
    finally:
        lock.release()


def _acquired(
    path: Path, *, wait: bool, on_wait: Callable[[], None], tell: Callable[[str], None]
) -> BaseFileLock:
    from filelock import FileLock, SoftFileLock

    lock: BaseFileLock = FileLock(path, fallback_to_soft=False)
    try:
        _take(lock, wait=wait, on_wait=on_wait)
    except HeldError:
        raise
    except OSError as failure:
        if failure.errno not in NO_LOCKS:
            raise
        mark = path.with_name(f"{path.name}{MARK}")
        _tell_once(path.parent, failure, mark, tell)
        lock = SoftFileLock(mark)
        _take(lock, wait=wait, on_wait=on_wait)
    return lock


def _take(lock: BaseFileLock, *, wait: bool, on_wait: Callable[[], None]) -> None:
    from filelock import Timeout

    try:
        lock.acquire(blocking=False)
    except Timeout:
        if not wait:
            raise HeldError(f"another process holds {shown(lock.lock_file)}.") from None
        on_wait()
        lock.acquire()


def _tell_once(folder: Path, failure: OSError, mark: Path, tell: Callable[[str], None]) -> None:
    if folder in _told:
        return
    _told.add(folder)
    tell(
        f"the file system of {shown(folder)} has no locks ({failure.strerror or failure}): the file "
        f"{mark.name} marks there who is at work. Let one command at a time work there; remove that file "
        "if none does and one waits."
    )


def _to_standard_error(text: str) -> None:
    sys.stderr.write(f"note: {text}\n")
