"""Time-outs that hold for every executor, whatever it does meanwhile."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

SLACK_SECONDS = 15.0
"""Executors that stop an overdue trial themselves, which costs the others nothing, come first."""
AGAIN_SECONDS = 2.0
"""After which an executor that goes on regardless is interrupted again."""
_BUSY_SECONDS = 0.05
_LIMIT = "the limit set by --timeout"


def overdue(minutes: float) -> str:
    """Say why a trial was ended that took longer than `minutes`."""
    return f"stopped after {minutes:g} minutes, {_LIMIT}"


def is_overdue(reason: str) -> bool:
    """Tell whether a trial has failed for taking too long: run again, it would so again."""
    return reason.startswith("stopped after ") and reason.endswith(_LIMIT)


class TimeUpError(KeyboardInterrupt):
    """Interrupts an executor, as Ctrl-C does, which it has to answer by stopping all its trials."""


@dataclass(slots=True)
class Deadlines:
    """Interrupts an executor when a trial takes too long, or when it runs none and says nothing for so long.

    Args:
        limit_seconds: Of a trial; None: no limit.
    """

    limit_seconds: float | None
    interrupted: bool = False
    """Whether the executor was interrupted, whatever it made of that."""
    _started: dict[str, float] = field(default_factory=dict)
    _heard: float = field(default_factory=time.monotonic)
    _busy: int = 0
    _watching: bool = False

    def started(self, fingerprint: str) -> None:
        """Hear that a trial has begun."""
        self._started[fingerprint] = time.monotonic()
        self.heard()

    def forget(self) -> None:
        """Forget the trials that an executor had begun; it begins again."""
        self._started.clear()
        self.interrupted = False
        self.heard()

    def ended(self, fingerprint: str) -> None:
        """Hear that a trial has ended."""
        self._started.pop(fingerprint, None)
        self.heard()

    def waits(self, fingerprint: str) -> None:
        """Hear that a trial is in a queue: the time until it goes on is none of its own."""
        self.ended(fingerprint)

    def heard(self) -> None:
        """Hear that the executor lives."""
        self._heard = time.monotonic()
        self._arm()

    def overdue(self) -> list[str]:
        """List the trials that have taken too long."""
        now, limit = time.monotonic(), self._limit()
        return [name for name, start in self._started.items() if now - start >= limit]

    def is_silent(self) -> bool:
        """Say whether nothing has been heard for too long while no trial runs."""
        return not self._started and time.monotonic() - self._heard >= self._limit()

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """Do what must be done whole, such as writing a record."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Interrupt the block with `TimeUpError` as long as something is overdue.

        That takes a signal, which only the main thread hears, and which Windows does not have; elsewhere an
        executor's own time-outs have to do.
        """
        main = threading.current_thread() is threading.main_thread()
        if self.limit_seconds is None or not main or not hasattr(signal, "setitimer"):
            yield
            return
        before = signal.signal(signal.SIGALRM, self._on_alarm)
        self._watching = True
        self.heard()
        try:
            yield
        finally:
            self._watching = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _limit(self) -> float:
        return float("inf") if self.limit_seconds is None else self.limit_seconds + SLACK_SECONDS

    def _arm(self) -> None:
        """Set the alarm for what is due next."""
        if self._watching:
            first = min(self._started.values(), default=self._heard)
            wait = max(_BUSY_SECONDS, first + self._limit() - time.monotonic())
            signal.setitimer(signal.ITIMER_REAL, wait, AGAIN_SECONDS)

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        if not self._watching:
            return
        if self._busy:
            signal.setitimer(signal.ITIMER_REAL, _BUSY_SECONDS, AGAIN_SECONDS)
        elif self.overdue() or self.is_silent():
            self.interrupted = True
            raise TimeUpError
        else:
            self._arm()
