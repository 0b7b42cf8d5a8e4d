"""What happens in the process that the local executor starts for a trial."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Thread

from ..contracts.errors import StoreError
from ..contracts.running import Event, Job, Runtime
from ..files.store import TrialFolder
from .alone import print_to, run_folder
from .temporary import use_own_folder

ORPHANED = 3
"""Exit code of a worker whose command has gone."""


def work(job: Job, runtime: Runtime, news: Connection, alive: Connection) -> None:
    """Run one trial and send its events; ends with a ``complete`` or ``failed`` one.

    Args:
        job: What to run.
        runtime: How.
        news: Takes `Event`s.
        alive: Reads end-of-file when the command's process has gone, however it went.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command hears Ctrl-C and decides
    Thread(target=_follow, args=(alive,), daemon=True).start()
    with suppress(OSError):  # then the trial says so itself
        print_to(TrialFolder(job.folder).log)  # what is printed after the trial, too
        use_own_folder()
    try:
        end = run_folder(job.folder, runtime, news.send)
    except StoreError as error:
        end = Event(fingerprint=job.fingerprint, kind="failed", message=str(error))
    news.send(replace(end, kind="failed") if end.kind == "stopped" else end)


def _follow(alive: Connection) -> None:
    """End this process when the command's has ended, so that nothing runs on unseen."""
    try:
        alive.recv()
    except (EOFError, OSError):
        os._exit(ORPHANED)
