"""One trial in this process, by what its folder says: whoever starts processes anywhere has them do this."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..contracts.errors import TrialError
from ..contracts.running import Event, EventKind, Job, Runtime
from ..files.clock import now
from ..files.disk import what_failed
from ..files.store import TrialFolder
from ..plugins.strangers import RAISED
from ..trials.jobs import read_job
from ..trials.records import failed_record, write_record
from ..trials.stopping import Stop, StoppedError, heeding_sigterm
from ..trials.today import check_code
from .context import worker_environment
from .devices import see_alone
from .printing import outputs, print_to
from .reasons import reason_of
from .together import is_helper, run_trial

KEPT: Final = "Trials that were complete are kept: make room, and run the same command again."
_MOMENT_SECONDS: Final = 1.0
"""In which a signal that is sent to several processes reaches all of them."""


def run_folder(
    folder: Path, runtime: Runtime, tell: Callable[[Event], None], *, planned_by_us: bool = False
) -> Event:
    """Run the trial of a folder; what it prints goes to its log, what becomes of it into its record.

    Args:
        folder: Holds its ``trial.json``.
        runtime: On which device, and with whom it shares the machine.
        tell: Hears how far it is.
        planned_by_us: Whether it was planned just now by the code that runs here; else that is checked.

    Returns:
        Its last event: ``complete``; ``failed`` with the reason, which a record says, too, if there was room
        for one; ``stopped`` after SIGTERM, which leaves no record but what it takes to go on.

    Raises:
        StoreError: The folder does not say what to run.
    """
    job = read_job(folder)
    try:
        with heeding_sigterm() as stop, worker_environment(), _printing_to(TrialFolder(job.folder).log):
            return _run(job, runtime, tell, stop, planned_by_us=planned_by_us)
    except StoppedError as error:
        is_complete = TrialFolder(job.folder).is_complete()  # by then
        return _end(job, "complete") if is_complete else _end(job, "stopped", str(error))
    except TrialError as error:
        return _end(job, "failed", str(error))


def _run(
    job: Job, runtime: Runtime, tell: Callable[[Event], None], stop: Stop, *, planned_by_us: bool
) -> Event:
    """Run the trial; turn whatever it raises into a failed record, unless it was asked to end."""
    started = now()

    def heeding(event: Event) -> None:
        stop.check()
        tell(event)

    try:
        if not (planned_by_us or TrialFolder(job.folder).is_complete()):
            check_code(job.spec)
        _train_and_score(job, runtime, heeding)
    except RAISED as error:
        with suppress(OSError):  # the log may be on a full disk
            traceback.print_exc()
        if _lost_a_process(error):
            time.sleep(_MOMENT_SECONDS)
        stop.check()
        reason = reason_of(error, TrialFolder(job.folder).log)
    else:
        return _end(job, "complete")
    if is_helper(job):
        return _end(job, "failed", reason)  # the first process says it on record
    with suppress(OSError):  # then who runs it says why the trial failed, and no record does
        write_record(TrialFolder(job.folder), failed_record(job, started, reason))
    return _end(job, "failed", reason)


def _train_and_score(job: Job, runtime: Runtime, tell: Callable[[Event], None]) -> None:
    if runtime.place:
        runtime = replace(runtime, device=see_alone(runtime.place))
    run_trial(job, runtime, tell)


def _lost_a_process(error: BaseException) -> bool:
    """Tell whether a loader's process was ended, perhaps by a signal that is on its way to this one, too."""
    return "DataLoader worker" in str(error)


def _end(job: Job, kind: EventKind, message: str = "") -> Event:
    return Event(fingerprint=job.fingerprint, kind=kind, message=message)


@contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    """Send what this process prints meanwhile to a trial's log.

    Raises:
        TrialError: It cannot be written.
    """
    before = {number: os.dup(number) for number in outputs()}
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
