"""Slurm runs the trials: this command puts them into the queue and looks on, and may leave and come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree, which

from ...contracts.basics import OptionValue
from ...contracts.errors import UsageError
from ...contracts.running import Event, Job, Runtime
from ...files.store import TrialFolder
from ...files.wording import counted
from ...trials.deadlines import TimeUpError
from ...trials.tickets import Ticket, read_ticket
from ..following import Follower
from .options import SlurmOptions
from .queue import PLACE, cancel, ending, queued
from .submission import submit
from .watching import Watch


class SlurmExecutor:
    """Runs each trial as a job of one array.

    Trials that an earlier command has put into the queue are not submitted again.  Where this one is
    interrupted its jobs stay: `cancel` ends them.

    Args:
        runtime: The device of a trial, and its time-out.
        **options: Of `SlurmOptions`.

    Raises:
        UsageError: There is no Slurm or submitit here, or what is asked for makes no sense there.
    """

    def __init__(self, runtime: Runtime, **options: OptionValue) -> None:
        self._options = SlurmOptions(**options)  # type: ignore[arg-type]  # checked against the card
        self._runtime = runtime
        self._jobs: Sequence[Job] = ()
        self._tickets: dict[str, Ticket] = {}
        _check_machine()
        if len(runtime.devices) > 1 or ":" in runtime.device:
            raise UsageError("Slurm gives each trial GPUs of its own: give --device cuda, without a number.")
        if runtime.workers > 1:
            raise UsageError(f'with Slurm give --executor "slurm[at_once={runtime.workers}]", not --workers.')

    def run(self, jobs: Sequence[Job], on_event: Callable[[Event], None]) -> None:
        """Run every job; see `Executor`.  Jobs stay in the queue after KeyboardInterrupt."""
        if not jobs:
            return
        follower = Follower(jobs)
        on_event(Event(fingerprint=jobs[0].fingerprint, kind="note", message=self.submit(jobs)))
        try:
            Watch(self._tickets, follower, on_event).follow(jobs)
        except TimeUpError:
            self.cancel()
            raise
        self._clear()

    def submit(self, jobs: Sequence[Job]) -> str:
        """Put those jobs into the queue that are not in it, and say so.

        Raises:
            UsageError: Slurm does not take them.
            QueueError: It does not answer.
        """
        there = _look_up(jobs)
        new = [job for job in jobs if job.fingerprint not in there]
        self._jobs = jobs
        self._tickets = there | (submit(new, self._runtime, self._options) if new else {})
        numbers = dict.fromkeys(ticket.job.partition("_")[0] for ticket in self._tickets.values())
        told = [f"{counted(len(new), 'trial')} submitted to Slurm"] if new else []
        told += [f"{counted(len(there), 'trial')} had been submitted before"] if there else []
        return f"{', '.join(told)}: job {', '.join(numbers)}"

    def cancel(self) -> str:
        """End all jobs that have not ended, and say so.

        Raises:
            QueueError: Slurm does not answer.
        """
        left = [job for job in self._jobs if TrialFolder(job.folder).ticket.exists()]
        cancel(self._tickets[job.fingerprint].job for job in left)
        for job in left:
            TrialFolder(job.folder).ticket.unlink(missing_ok=True)
        self._clear()
        return f"{counted(len(left), 'job')} cancelled"

    def _clear(self) -> None:
        """Remove submitit's files of arrays that have ended."""
        for place in {job.folder.absolute().parent.parent / PLACE for job in self._jobs}:
            for name in {ticket.folder for ticket in self._tickets.values()}:
                if not any(map(_is_queued, (place / name).glob("*.log"))):
                    rmtree(place / name, ignore_errors=True)
            with suppress(OSError):  # others have theirs in it
                place.rmdir()


def _is_queued(log: Path) -> bool:
    """Tell whether the trial whose log a link leads to has a job."""
    return log.is_symlink() and TrialFolder(log.parent.joinpath(log.readlink()).parent).ticket.exists()


def _look_up(jobs: Iterable[Job]) -> dict[str, Ticket]:
    """Find the trials that are in the queue, or were and have left it without anybody's notice.

    Raises:
        QueueError: Slurm does not answer.
    """
    found = {job.fingerprint: read_ticket(TrialFolder(job.folder)) for job in jobs}
    tickets = {name: ticket for name, ticket in found.items() if ticket and ticket.by == PLACE}
    queue = queued(ticket.job for ticket in tickets.values())
    recorded = {job.fingerprint for job in jobs if TrialFolder(job.folder).record.exists()}
    return {
        name: ticket
        for name, ticket in tickets.items()
        if ticket.job in queue or name in recorded or ending(ticket.job)
    }


def _check_machine() -> None:
    """Look for what it takes to submit jobs.

    Raises:
        UsageError: Something is missing.
    """
    if find_spec("submitit") is None:
        raise UsageError("Slurm needs submitit, which is not installed: pip install 'emseg-bench[slurm]'.")
    if missing := [name for name in ("sbatch", "squeue", "scancel") if which(name) is None]:
        raise UsageError(
            f"there is no {missing[0]} on this machine: run the command where your cluster takes jobs, with "
            "the results folder where its nodes see it."
        )
