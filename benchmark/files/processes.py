"""Processes by machine and number, as files of theirs name them."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from annotated_types import Ge

from ..contracts.errors import EmsegError, StoreError
from .regular import read_regular

_MOST_BYTES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Which process of which machine."""

    host: str
    process: Annotated[int, Ge(0)]
    """Its number, on that host."""
    space: str
    """What its number is unique in: a boot of the machine, and a container's processes; empty: not told."""


def here() -> Whereabouts:
    """Name this process."""
    return Whereabouts(host=socket.gethostname(), process=os.getpid(), space=process_space())


def has_ended(where: Whereabouts) -> bool:
    """Tell whether a process is known to be gone; that of another machine or container never is."""
    if (where.host, where.space) != (socket.gethostname(), process_space()):
        return False
    import psutil  # takes longer to import than all else here

    try:
        return bool(psutil.Process(where.process).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def process_space() -> str:
    """Name what a process's number is unique in; empty where the system does not tell."""
    try:
        boot = read_regular(Path("/proc/sys/kernel/random/boot_id"), _MOST_BYTES, StoreError)
        return f"{boot.decode('ascii').strip()} {Path('/proc/self/ns/pid').readlink()}"
    except (EmsegError, OSError, ValueError):
        return ""
