"""What happens in one of the processes that a trial's own has started to compute it together."""

from __future__ import annotations

import signal
import traceback
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from ..contracts.running import Event, Job, Runtime
from ..files.claims import Claim
from ..files.store import TrialFolder
from ..plugins.strangers import RAISED
from ..training.processes import Processes, joined, own_device
from .living import live_with
from .printing import print_to
from .reasons import reason_of
from .temporary import use_own_folder

LOST: Final = "lost"
"""Phase of the event of a process that failed because another one did not answer."""
_TALK: Final = ("gloo", "NCCL", "Connection closed", "Connection reset", "Broken pipe")
"""Words of what PyTorch raises then."""


def unheard(_: Event) -> None:
    """Take what the first process says as well."""


def take_part(
    job: Job,
    runtime: Runtime,
    processes: Processes,
    claim: tuple[Path, int],
    news: Connection,
    alive: Connection,
    starter: Connection,
) -> None:
    """Compute a trial with others, and send its events; ends with a ``complete`` or ``failed`` one.

    Args:
        job: What to run.
        runtime: How.
        processes: This one among all.
        claim: Of the starter's, file and number.
        news: Takes `Event`s.
        alive: Reads end-of-file when the starter has gone, however it went.
        starter: The other end of that, of which a forked process has a copy.
    """
    starter.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command hears Ctrl-C and decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    live_with(alive)
    with suppress(OSError):
        print_to(TrialFolder(job.folder).log)
        use_own_folder()
    try:
        own = replace(runtime, device=own_device(runtime.device, processes))
        with joined(processes, own.device):
            news.send(
                _compute(job, own, processes, Claim(*claim), news)
            )  # before it is left, which may wait for others
    except RAISED as error:
        news.send(_failed(job, error))


def _compute(job: Job, runtime: Runtime, processes: Processes, claim: Claim, news: Connection) -> Event:
    from ..trials.trial import compute_trial

    try:
        if processes.leads:
            compute_trial(job, runtime, news.send, claim, processes)
        else:
            compute_trial(job, runtime, unheard, None, processes)
    except RAISED as error:
        return _failed(job, error)
    return Event(fingerprint=job.fingerprint, kind="complete")


def _failed(job: Job, error: BaseException) -> Event:
    with suppress(OSError):  # the log may be on a full disk
        traceback.print_exception(error)
    return Event(
        fingerprint=job.fingerprint,
        kind="failed",
        phase=LOST if any(word in str(error) for word in _TALK) else "",
        message=reason_of(error, TrialFolder(job.folder).log),
    )
