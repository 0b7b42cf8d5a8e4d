"""Unfinished files and folders carry their process's name, so that the next command clears a killed one's."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import Final
from uuid import uuid4

_UNFINISHED: Final = re.compile(r"\.writing-(?P<host>[^/-]+)-(?P<process>\d+)-[0-9a-f]{8}")

_NAMESPACE: Final = Path("/proc/self/ns/pid")

_swept: set[Path] = set()
"""Folders that this process has cleared."""
_given: set[str] = set()
"""Unfinished names of this process: while one thread of it clears a folder, another may be writing there."""


def mark() -> str:
    """Return what tells this process, on this machine, from all others: ``HOST-PROCESS-`` and 8 digits."""
    return f"{_host()}-{os.getpid()}-{uuid4().hex[:8]}"


def is_at_work(host: str, process: str) -> bool:
    """Tell whether a process of such a mark may still run; those of other machines and containers may."""
    if host != _host():
        return True
    if int(process) == os.getpid():
        return False
    from psutil import pid_exists  # takes longer to import than all else here

    return bool(pid_exists(int(process)))


def unfinished_in(folder: Path) -> Path:
    """Name a file or folder that is to be moved to its place once it is finished, of the same disk.

    What killed processes left there is cleared, once for a process and folder.
    """
    name = f".writing-{mark()}"
    _given.add(name)
    if folder not in _swept:
        _swept.add(folder)
        _sweep(folder)
    return folder / name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the name of a file to write, which takes the place of `path`, or vanishes on an error."""
    temporary = unfinished_in(path.parent)
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        _given.discard(temporary.name)


@contextmanager
def unfinished_folder(parent: Path) -> Iterator[Path]:
    """Give a new folder for files to write that are then moved to their places in `parent`."""
    place = unfinished_in(parent)
    place.mkdir()
    try:
        yield place
    finally:
        rmtree(place, ignore_errors=True)
        _given.discard(place.name)


def _sweep(folder: Path) -> None:
    with suppress(OSError):  # what cannot be removed is in nobody's way
        for left in list(folder.glob(".writing-*")):
            match = _UNFINISHED.fullmatch(left.name)
            if match is None or left.name in _given or is_at_work(match["host"], match["process"]):
                continue
            if left.is_dir() and not left.is_symlink():
                rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _host() -> str:
    """Name what a process's number is unique in: a machine, and on Linux which processes it sees of it.

    Containers may share a name of a machine, and a folder, but see none of each other's processes.
    """
    name = re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname()) or "host"
    with suppress(OSError):
        return f"{name}.{_NAMESPACE.stat().st_ino}"
    return name
