"""What happens in a trial's own process."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

from ..contracts.errors import EmsegError
from ..contracts.running import Event, Job, Runtime
from ..files.clock import now
from ..files.decoding import explained
from ..files.disk import disk_told, what_failed
from ..files.store import TrialFolder
from ..plugins.strangers import RAISED, describe_error
from ..trials.records import failed_record, write_record
from .devices import see_alone
from .temporary import use_own_folder

KEPT = "Trials that were complete are kept: make room, and run the same command again."

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
    try:
        _print_to(TrialFolder(job.folder).log)
    except OSError as error:
        message = f"{TrialFolder(job.folder).log} cannot be written ({what_failed(error)}). {KEPT}"
        news.send(Event(fingerprint=job.fingerprint, kind="failed", message=message))
        return
    use_own_folder()
    if runtime.place:
        runtime = replace(runtime, device=see_alone(runtime.place))
    news.send(_run(job, runtime, news))


def _run(job: Job, runtime: Runtime, news: Connection) -> Event:
    """Run the trial; turn whatever it raises into a failed record."""
    started = now()
    try:
        _train_and_score(job, runtime, news)
    except RAISED as error:
        with suppress(OSError):  # the log may be on a full disk
            traceback.print_exc()
        reason = _reason(error, job)
    else:
        return Event(fingerprint=job.fingerprint, kind="complete")
    with suppress(OSError):  # then the command says why the trial failed, and no record does
        write_record(TrialFolder(job.folder), failed_record(job, started, reason))
    return Event(fingerprint=job.fingerprint, kind="failed", message=reason)


def _train_and_score(job: Job, runtime: Runtime, news: Connection) -> None:
    from ..trials.trial import run_trial

    run_trial(job, runtime, news.send)


def _reason(error: BaseException, job: Job) -> str:
    """Say for people why a trial failed."""
    if isinstance(error, EmsegError):
        return str(error)
    if type(error).__name__ == "OutOfMemoryError":  # torch's, which may not be importable here
        return f"out of GPU memory ({error}); lower --set recipe.batch_size=... or recipe.crop=..."
    if "libGL" in str(error):
        return f"OpenCV, which mmengine needs, lacks a system library ({error}); install it (Debian: libgl1)"
    if sentence := disk_told(error):
        return sentence
    if sentence := explained(error):
        return f"{sentence} The traceback is in {TrialFolder(job.folder).log}"
    return f"{describe_error(error)}; the traceback is in {TrialFolder(job.folder).log}"


def _follow(alive: Connection) -> None:
    """End this process when the command's has ended, so that nothing runs on unseen."""
    try:
        alive.recv()
    except (EOFError, OSError):
        os._exit(ORPHANED)


def _print_to(log: Path) -> None:
    """Send everything that this process prints, C libraries included, to the trial's log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(target, stream.fileno())
    os.close(target)
    for stream in (sys.stdout, sys.stderr):  # a log is UTF-8, whatever the terminal of the command is
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
