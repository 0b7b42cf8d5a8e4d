"""Temporary folders that are cleared however their process ends: by itself, or else by the next command.

A folder is called after its process and holds a file that the process and its children keep locked: what
nobody locks was left behind by one that was killed.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, suppress
from multiprocessing.util import Finalize
from pathlib import Path
from shutil import rmtree
from typing import Final

from ..contracts.errors import UsageError
from ..files.claims import HeldError
from ..files.locks import locked_here

PREFIX: Final = "emseg-bench-"
SHORT: Final = "/tmp"  # noqa: S108 - folders in it have names that nobody can guess
"""Where paths are short."""
MOST_SOCKET: Final = 103
"""Bytes that the path of a socket may have, on all systems."""
_WITHIN: Final = len(f"/{PREFIX}4194304-12345678/pymp-12345678/listener-12345678")
"""What multiprocessing's sockets add to the path of the folder that they are placed in."""
_LOCK: Final = "lock"
_AFTER_MULTIPROCESSING: Final = -101
"""Its own temporary folder, inside of ours, goes with priority -100."""
_held = ExitStack()
"""Locks of this process's folders, for as long as it lives."""


def claim_folder(place: str | None = None) -> Path:
    """Make a temporary folder for this process, which is removed when it ends.

    Args:
        place: The folder to make it in; None: that for temporary files.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    with suppress(OSError):  # of a file system without locks; then the folder stays if this process is killed
        _held.enter_context(locked_here(folder / _LOCK))
    Finalize(None, rmtree, args=(folder, True), exitpriority=_AFTER_MULTIPROCESSING)
    return folder


def use_own_folder() -> None:
    """Have this process, and all that it starts, keep temporary files in a folder of its own."""
    folder = str(claim_folder())
    tempfile.tempdir = folder
    os.environ["TMPDIR"] = folder


def place_for_sockets(within: int = _WITHIN) -> str:
    """Return the folder for temporary files, or a shorter one where sockets in it had too long paths.

    Args:
        within: What the sockets add to its path, bytes.

    Raises:
        UsageError: The shorter one cannot be written to.
    """
    usual = tempfile.gettempdir()
    length, most = len(os.fsencode(usual)), MOST_SOCKET - within
    if length <= most:
        return usual
    if not os.access(SHORT, os.W_OK | os.X_OK):
        raise UsageError(
            f"the path of the folder for temporary files has {length} bytes, expected at most {most}, for "
            f"sockets lie below it: {usual}. Set TMPDIR to a folder with a shorter path."
        )
    return SHORT


def clear_after(pid: int | None) -> None:
    """Remove the folders of a process that has ended."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}{pid}-*"):
        rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Clear what killed processes left behind; what others use, or own, stays."""
    from psutil import pid_exists

    places = {Path(place) for place in (tempfile.gettempdir(), SHORT)}
    for folder in (found for place in places for found in place.glob(f"{PREFIX}*-*")):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not pid_exists(int(pid)) and _is_unused(folder):
            rmtree(folder, ignore_errors=True)


def _is_unused(folder: Path) -> bool:
    """Say whether nobody locks a folder; a process of another container has no number here."""
    try:
        with locked_here(folder / _LOCK):
            return True
    except (HeldError, OSError):
        return False
