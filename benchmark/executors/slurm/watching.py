"""Looking on while Slurm runs trials: news come from their folders, and ends without any from Slurm."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ...contracts.running import QUEUE, Event, EventKind, Job
from ...files.store import TrialFolder
from ...files.wording import counted
from ...trials.tickets import Ticket
from ..following import Follower, recorded_end
from .queue import JobState, QueueError, ending, queued

Listener = Callable[[Event], None]

LOOK_SECONDS: Final = 1.0
"""Between two looks into the trials' folders."""
MOST_SECONDS: Final = 15.0
"""Between two questions to Slurm, which come more rarely while nothing changes: others ask it, too."""
LAG_SECONDS: Final = 30.0
"""That a network file system may take to show the record of a job that has ended in order."""
IN_ORDER: Final = frozenset({("COMPLETED", ""), ("FAILED", "1:0")})
"""How jobs end whose trial has left a record."""


class Watch:
    """Follows trials until all have ended.

    Args:
        tickets: Of the trials that are followed, by fingerprint.
        follower: Hears what they leave in their folders.
        on_event: Takes their news.
    """

    def __init__(self, tickets: Mapping[str, Ticket], follower: Follower, on_event: Listener) -> None:
        self._tickets, self._follower, self._on_event = tickets, follower, on_event
        self._queue: dict[str, JobState] | None = None
        """What Slurm said last; None: it has not been asked."""
        self._asked, self._patience = float("-inf"), LOOK_SECONDS
        self._begun: set[str] = set()
        self._gone: dict[str, float] = {}
        """When trials were first seen to have left the queue without a record."""
        self._is_told = False

    def follow(self, jobs: Sequence[Job]) -> None:
        """Look on until all of `jobs` have ended, and tell so."""
        left = list(jobs)
        while left:
            for event in self._follower.news():
                self._begun.add(event.fingerprint)
                self._on_event(event)
            self._ask(left)
            for job in [*left]:
                if end := self._end_of(job):
                    left.remove(job)
                    TrialFolder(job.folder).ticket.unlink(missing_ok=True)
                    self._on_event(end)
            if left:
                time.sleep(LOOK_SECONDS)

    def _ask(self, left: Sequence[Job]) -> None:
        """Ask Slurm how jobs stand, unless that was done just now, and tell what waits."""
        if time.monotonic() - self._asked < self._patience:
            return
        self._asked = time.monotonic()
        try:
            found = queued(self._tickets[job.fingerprint].job for job in left)
        except QueueError as error:
            if not self._is_told:
                self._tell(left[0], "note", f"{error}; what runs goes on, and it is asked again")
            self._is_told = True
            return
        self._is_told = False
        self._patience = LOOK_SECONDS if found != self._queue else min(MOST_SECONDS, 1.5 * self._patience)
        self._queue = found
        self._tell_waiting([job for job in left if (state := self._state(job)) and state.waits])

    def _tell_waiting(self, waiting: Sequence[Job]) -> None:
        """Say why trials wait: each that has run before, and one for all the others."""
        first = [job for job in waiting if job.fingerprint not in self._begun][:1]
        for job in [*first, *(job for job in waiting if job.fingerprint in self._begun)]:
            state = self._state(job)
            reason = f" ({state.reason})" if state and state.reason else ""
            self._tell(job, "progress", f"{counted(len(waiting), 'trial')} in Slurm's queue{reason}")

    def _tell(self, job: Job, kind: EventKind, message: str) -> None:
        phase = QUEUE if kind == "progress" else ""
        self._on_event(Event(fingerprint=job.fingerprint, kind=kind, phase=phase, message=message))

    def _state(self, job: Job) -> JobState | None:
        return (self._queue or {}).get(self._tickets[job.fingerprint].job)

    def _end_of(self, job: Job) -> Event | None:
        """Say how a trial ended, by its record or else by what Slurm says; None: it has not."""
        folder = TrialFolder(job.folder)
        if folder.record.exists():  # one of an earlier run was removed before
            return recorded_end(job.fingerprint, folder)
        if self._queue is None or self._state(job):
            self._gone.pop(job.fingerprint, None)
            return None
        if end := self._follower.end_of(job):
            return end
        since = self._gone.setdefault(job.fingerprint, time.monotonic())
        number = self._tickets[job.fingerprint].job
        found = ending(number)
        if (
            found is None or (found.state, found.exit_code) in IN_ORDER
        ) and time.monotonic() - since < LAG_SECONDS:
            return None
        told = (
            f"{found}; {found.hint}" if found else "and keeps no account of how; see the end of its log.txt"
        )
        return Event(
            fingerprint=job.fingerprint, kind="failed", message=f"Slurm ended its job {number}: {told}"
        )
