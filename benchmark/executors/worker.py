"""What happens in the process that the local executor starts for a trial."""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection

from ..contracts.errors import StoreError
from ..contracts.running import Event, Job, Runtime
from ..files.store import TrialFolder
from .alone import run_folder
from .living import live_with
from .printing import print_to
from .temporary import use_own_folder


def work(job: Job, runtime: Runtime, news: Connection, alive: Connection) -> None:
    """Run one trial and send its events; ends with a ``complete`` or ``failed`` one.

    Args:
        job: What to run.
        runtime: How.
        news: Takes `Event`s.
        alive: Reads end-of-file when the command's process has gone, however it went.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command hears Ctrl-C and decides
    live_with(alive)
    with suppress(OSError):  # then the trial says so itself
        print_to(TrialFolder(job.folder).log)  # what is printed after the trial, too
        use_own_folder()
    try:
        end = run_folder(job.folder, runtime, news.send, planned_by_us=True)
    except StoreError as error:
        end = Event(fingerprint=job.fingerprint, kind="failed", message=str(error))
    news.send(replace(end, kind="failed") if end.kind == "stopped" else end)
