"""Only regular files are opened, and nothing outside the place that the user named.

A FIFO never ends, a device ends the memory, and a link within a folder may lead anywhere.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from io import BufferedReader
from pathlib import Path
from typing import Final

from ..contracts.errors import DataError, EmsegError
from .limits import check_stored
from .printable import brief, printable

_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
LONGEST_PATH: Final = 4096
"""Characters; what is longer is no path."""

_last: Path | None = None


def last_opened() -> Path | None:
    """Return the file that this process looked at last before opening it, for messages of last resort."""
    return _last


def check_regular(path: Path, error: type[EmsegError] = DataError) -> os.stat_result:
    """Look at what a path leads to, links resolved, without opening it.

    Args:
        path: Of a file that is about to be opened.
        error: What is raised.

    Returns:
        The file's state, as `os.stat` gives it.

    Raises:
        EmsegError: There is nothing, or something that is no regular file; of the type `error`.
    """
    global _last  # threads of loaders look at files too, so no context of one thread would do
    _last = path
    state = file_state(path, error)
    kind = stat.S_IFMT(state.st_mode)
    if kind != stat.S_IFREG:
        raise error(f"{shown(path)} is {_KINDS.get(kind, 'no file')}, expected a regular file.")
    return state


def file_state(path: Path, error: type[EmsegError] = DataError) -> os.stat_result:
    """Return the state of what a path leads to, whatever its kind.

    Raises:
        EmsegError: There is nothing, or no such path can be; of the type `error`.
    """
    text = os.fspath(path)
    if "\0" in text or len(text) > LONGEST_PATH:
        why = "it holds a NUL character" if "\0" in text else f"it has {len(text):,} characters"
        raise error(f"{shown(path)} is no path: {why}.")
    try:
        return path.stat()
    except FileNotFoundError as failure:
        reason = "it is a link to nothing" if path.is_symlink() else "there is no such file"
        raise error(f"{shown(path)} cannot be read: {reason}.") from failure
    except OSError as failure:
        raise error(f"{shown(path)} cannot be read: {failure.strerror or failure}.") from failure


def check_holes(path: Path, state: os.stat_result, error: type[EmsegError] = DataError) -> None:
    """Refuse a giant file of holes, which takes hours to go through and says nothing.

    Raises:
        EmsegError: It is one; of the type `error`.
    """
    blocks = getattr(state, "st_blocks", 0)  # unknown to Windows, and 0 on some network drives
    if blocks or _is_one_hole(path, state, error):
        check_stored(state.st_size, 512 * blocks, shown(path), error)


def _is_one_hole(path: Path, state: os.stat_result, error: type[EmsegError]) -> bool:
    """Tell whether nothing at all is stored of a file that is not empty, where the system knows."""
    if not state.st_size or not hasattr(os, "SEEK_DATA"):
        return False
    with open_regular(path, error) as file:
        try:
            os.lseek(file.fileno(), 0, os.SEEK_DATA)
        except OSError as failure:
            return failure.errno == errno.ENXIO
    return False


def what_is_at(path: Path) -> str:
    """Say what a path leads to: ``nothing``, ``a folder``, ``a file``, ``a named pipe (FIFO)``."""
    try:
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode), "a file")
    except (OSError, ValueError):
        return "nothing"


def open_regular(path: Path, error: type[EmsegError] = DataError) -> BufferedReader:
    """Open a file for reading, if it is a regular one; never waits for the other end of a pipe.

    Raises:
        EmsegError: It is none, or cannot be read; of the type `error`.
    """
    check_regular(path, error)
    try:
        # what lies there may have changed since; O_NONBLOCK keeps even a FIFO from hanging
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as failure:
        raise error(f"{shown(path)} cannot be read: {failure.strerror or failure}.") from failure
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise error(f"{shown(path)} is no regular file any more.")
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, most_bytes: int, error: type[EmsegError] = DataError) -> bytes:
    """Read a whole regular file that has at most `most_bytes`.

    Raises:
        EmsegError: It is larger, no regular file, or cannot be read; of the type `error`.
    """
    with open_regular(path, error) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            content = file.read(min(size, most_bytes) + 1)  # memory is taken for as much as is asked for
            if len(content) > size:  # somebody writes to it, or no size is known, as of files in /proc
                content += file.read(most_bytes + 1 - len(content))
        except OSError as failure:
            raise error(f"{shown(path)} cannot be read: {failure.strerror or failure}.") from failure
    if len(content) > most_bytes:
        raise error(f"{shown(path)} is larger than {most_bytes:,} bytes, the most that such a file may have.")
    return content


def told_of_path(failure: BaseException) -> str | None:
    """Say what a system made of a path; None: it is something else that went wrong."""
    if isinstance(failure, OSError) and failure.filename is not None:
        name = failure.filename
        path = os.fsdecode(name) if isinstance(name, bytes) else name
        return f"{shown(path)} cannot be used: {(failure.strerror or str(failure)).lower()}."
    if isinstance(failure, RuntimeError) and str(failure).startswith("Could not determine home"):
        return "a path begins with ~, but this user has no home folder; write the path out, or set HOME."
    if isinstance(failure, ValueError) and str(failure).startswith("embedded null"):
        return "a path holds a NUL character, which none can; look at what was given and at what names files."
    return None


def check_within(place: Path, path: Path, named_by: object, error: type[EmsegError] = DataError) -> Path:
    """Refuse a path that leads out of a place, by ``..`` or by links.

    Args:
        place: The folder that the user named.
        path: Where something points to, absolute or as seen from `place`.
        named_by: What points there, for the message.
        error: What is raised.

    Returns:
        The path with links resolved.

    Raises:
        EmsegError: It is outside; of the type `error`.
    """
    found = Path(os.path.realpath(place / path))
    if not found.is_relative_to(os.path.realpath(place)):
        raise error(
            f"{printable(named_by)} leads to {shown(found)}, outside {shown(place)}; nothing is read from "
            "there. Copy the data into the folder, or name that place itself."
        )
    return found


def check_links(place: Path, paths: Iterable[Path], error: type[EmsegError] = DataError) -> None:
    """Refuse links that lead out of a folder, of files or folders that were found in it.

    Args:
        place: The folder that the user named.
        paths: In it; links that lead nowhere pass, for whoever opens them to tell.
        error: What is raised.

    Raises:
        EmsegError: One is outside; of the type `error`.
    """
    for path in paths:
        if path.is_symlink() and path.exists():
            check_within(place, path.absolute(), path, error)


def shown(path: object) -> str:
    """Write a path for a message: no control characters, and not endlessly long."""
    return brief(path, 300)
