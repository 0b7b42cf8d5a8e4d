"""Memory that a process shares with those that are forked from it: what one of them decodes, all have."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Bytes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]


def can_fork() -> bool:
    """Say whether processes can be forked here; spawned ones would share nothing."""
    return "fork" in multiprocessing.get_all_start_methods()


def shared_zeros(length: int) -> Bytes:
    """Give zeros in memory; it is taken from the system only as they are written over.

    Args:
        length: Bytes; one more than none is given for 0.
    """
    return np.frombuffer(mmap.mmap(-1, max(1, length)), np.uint8)


def take_space(descriptor: int, length: int) -> None:
    """Make an empty file hold `length` zeros, at least 1, so that a disk that fills up later cannot kill us.

    Raises:
        OSError: The disk has no room.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, length)
    else:
        os.ftruncate(descriptor, length)


def scratch_zeros(length: int, folder: Path) -> Bytes:
    """Give zeros in a file without a name, which goes with the last process that uses it, even a killed one.

    Args:
        length: Bytes, at least 1.
        folder: On the disk that takes them.

    Raises:
        OSError: The disk has no room; nothing was taken.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        take_space(file.fileno(), length)
        return np.frombuffer(mmap.mmap(file.fileno(), length), np.uint8)
