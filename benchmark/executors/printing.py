"""Where a process prints: into a trial's log."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Final

NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
"""A results folder may be anybody's, and a link in it lead anywhere."""


def print_to(log: Path) -> None:
    """Send everything that this process prints, C libraries and children included, to a trial's log.

    Raises:
        OSError: It cannot be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_LINKS)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for number in outputs():
        os.dup2(target, number)
    os.close(target)
    for stream in (sys.stdout, sys.stderr):  # a log is UTF-8, whatever the terminal of the command is
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def outputs() -> set[int]:
    """Number standard output and error, as C libraries and children know them, and as Python does."""
    return {1, 2, sys.stdout.fileno(), sys.stderr.fileno()}
