"""A process that ends when the one that started it has ended."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from threading import Thread
from typing import Final

ORPHANED: Final = 3
"""Exit code of a process whose starter has gone."""


def live_with(alive: Connection) -> None:
    """End this process when another has ended, so that nothing runs on unseen.

    Args:
        alive: Reads end-of-file when the other has gone, however it went.
    """
    Thread(target=_follow, args=(alive,), daemon=True).start()


def _follow(alive: Connection) -> None:
    try:
        alive.recv()
    except (EOFError, OSError):
        os._exit(ORPHANED)
