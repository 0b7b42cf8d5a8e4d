"""Locks between processes of one machine or of many: every one of the project is made here.

The system's own lock goes with its process, however that ends, but a file system may have none (NFS without
its lock service, some FUSE), or one that other machines do not see (Lustre and NFS as they are often
mounted).  So a claim (`claims.py`) stands beside it, which needs nothing but files.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .claims import Claim, HeldError, claimed
from .regular import shown

NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What file systems say that have none."""


@contextmanager
def locked(path: Path, *, wait: bool = True, on_wait: Callable[[], None] = lambda: None) -> Iterator[Claim]:
    """Hold a lock while the context lasts, on all machines that see its file.

    Args:
        path: The lock's file; its folder must be there.
        wait: Whether to wait for another process that holds it.
        on_wait: Called before that.

    Yields:
        What tells whether it is still held: a machine that was cut off or asleep loses it to another.

    Raises:
        HeldError: Another process holds it, and `wait` is false.
        OSError: The file cannot be made.
    """
    with _locked_by_system(path, wait, on_wait), claimed(path, wait, on_wait) as claim:
        yield claim


@contextmanager
def locked_here(path: Path) -> Iterator[None]:
    """Hold a lock among processes of this machine; those that are forked from this one hold it, too.

    Raises:
        HeldError: Another process holds it.
        OSError: The file cannot be made, or its file system has no locks.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, blocking=False, fallback_to_soft=False):
            yield
    except Timeout:
        raise HeldError(f"another process holds {shown(path)}.") from None


@contextmanager
def _locked_by_system(path: Path, wait: bool, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the system's lock, where the file system has such."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if not wait:
            raise HeldError(f"another process holds {shown(path)}.") from None
        on_wait()
        lock.acquire()
    except OSError as failure:
        if failure.errno not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()
