"""One trial in this process, by what its folder says: whoever starts processes anywhere has them do this."""

from __future__ import annotations

import io
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..contracts.errors import EmsegError, TrialError
from ..contracts.running import Event, EventKind, Job, Runtime
from ..files.clock import now
from ..files.decoding import explained
from ..files.disk import disk_told, what_failed
from ..files.store import TrialFolder
from ..plugins.strangers import RAISED, describe_error
from ..trials.jobs import read_job
from ..trials.records import failed_record, write_record
from ..trials.stopping import Stop, StoppedError, heeding_sigterm
from .context import worker_environment
from .devices import see_alone

KEPT: Final = "Trials that were complete are kept: make room, and run the same command again."
_MOMENT_SECONDS: Final = 1.0
"""In which a signal that is sent to several processes reaches all of them."""


def run_folder(folder: Path, runtime: Runtime, tell: Callable[[Event], None]) -> Event:
    """Run the trial of a folder; what it prints goes to its log, what becomes of it into its record.

    Args:
        folder: Holds its ``trial.json``.
        runtime: On which device, and with whom it shares the machine.
        tell: Hears how far it is.

    Returns:
        Its last event: ``complete``; ``failed`` with the reason, which a record says, too, if there was room
        for one; ``stopped`` after SIGTERM, which leaves no record but what it takes to go on.

    Raises:
        StoreError: The folder does not say what to run.
    """
    job = read_job(folder)
    try:
        with heeding_sigterm() as stop, worker_environment(), _printing_to(TrialFolder(job.folder).log):
            return _run(job, runtime, tell, stop)
    except StoppedError as error:
        is_complete = TrialFolder(job.folder).is_complete()  # by then
        return _end(job, "complete") if is_complete else _end(job, "stopped", str(error))
    except TrialError as error:
        return _end(job, "failed", str(error))


def _run(job: Job, runtime: Runtime, tell: Callable[[Event], None], stop: Stop) -> Event:
    """Run the trial; turn whatever it raises into a failed record, unless it was asked to end."""
    started = now()

    def heeding(event: Event) -> None:
        stop.check()
        tell(event)

    try:
        _train_and_score(job, runtime, heeding)
    except RAISED as error:
        with suppress(OSError):  # the log may be on a full disk
            traceback.print_exc()
        if _lost_a_process(error):
            time.sleep(_MOMENT_SECONDS)
        stop.check()
        reason = _reason(error, job)
    else:
        return _end(job, "complete")
    with suppress(OSError):  # then who runs it says why the trial failed, and no record does
        write_record(TrialFolder(job.folder), failed_record(job, started, reason))
    return _end(job, "failed", reason)


def _train_and_score(job: Job, runtime: Runtime, tell: Callable[[Event], None]) -> None:
    if runtime.place:
        runtime = replace(runtime, device=see_alone(runtime.place))
    from ..trials.trial import run_trial

    run_trial(job, runtime, tell)


def _lost_a_process(error: BaseException) -> bool:
    """Tell whether a loader's process was ended, perhaps by a signal that is on its way to this one, too."""
    return "DataLoader worker" in str(error)


def _end(job: Job, kind: EventKind, message: str = "") -> Event:
    return Event(fingerprint=job.fingerprint, kind=kind, message=message)


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


@contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    """Send what this process prints meanwhile to a trial's log.

    Raises:
        TrialError: It cannot be written.
    """
    before = {number: os.dup(number) for number in _outputs()}
    try:
        print_to(log)
    except OSError as error:
        raise TrialError(f"{log} cannot be written ({what_failed(error)}). {KEPT}") from error
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        for number, own in before.items():
            os.dup2(own, number)
            os.close(own)


def print_to(log: Path) -> None:
    """Send everything that this process prints, C libraries and children included, to a trial's log.

    Raises:
        OSError: It cannot be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for number in _outputs():
        os.dup2(target, number)
    os.close(target)
    for stream in (sys.stdout, sys.stderr):  # a log is UTF-8, whatever the terminal of the command is
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _outputs() -> set[int]:
    """Number standard output and error, as C libraries and children know them, and as Python does."""
    return {1, 2, sys.stdout.fileno(), sys.stderr.fileno()}
