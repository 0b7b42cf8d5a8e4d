"""The words of running trials: jobs, events, executors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import (
    Annotated,
    Final,
    Literal,
    Protocol,
    TypeAlias,
    runtime_checkable,
)

from annotated_types import Ge, Gt

from .records import TrialSpec

EventKind: TypeAlias = Literal["started", "progress", "note", "complete", "failed", "stopped"]
"""``stopped`` is what a trial's process says of itself when it was asked to end before it could: no executor
ends a trial so, but as ``failed``, or has it run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """How and where trials run: nothing here may change a number."""

    device: str = "cpu"
    """``cpu``, ``cuda``, ``cuda:1``, ``mps``: of a trial, or the first of several."""
    devices: tuple[str, ...] = ()
    """All that trials are shared out among: one name, or several with numbers; empty: `device` alone."""
    workers: Annotated[int, Ge(1)] = 1
    """Trials at once on each device."""
    timeout_minutes: Annotated[float, Gt(0)] | None = None
    """A trial that takes longer is stopped and marked as failed."""
    checkpoint_seconds: Annotated[float, Ge(0)] = 30.0
    """Seconds of training between two resume points."""
    cache: str = ""
    """Folder of converted data and weights."""
    trackers: tuple[str, ...] = ()
    """References to programs that draw curves: ``tensorboard``, ``mlflow[uri=http://host:5000]``."""
    place: str = ""
    """Which of several devices a trial has, as the run calls it; the trial may see no other."""

    @property
    def at_once(self) -> int:
        """Trials that share this machine's cores and memory."""
        return self.workers * max(1, len(self.devices))


QUEUE: Final = "queue"
"""Phase of a trial that waits, for the first time or again, for a machine that others use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """News of one trial."""

    fingerprint: str
    kind: EventKind
    phase: str = ""
    """Which part of its life: ``load``, ``train``, ``test``, ``sanity``, ``profile``; or `QUEUE`."""
    done: int = 0
    total: int = 0
    message: str = ""
    score: float | None = None
    """On the validation split, where a trial that tunes has just taken it, after `done` iterations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One trial for an executor: what to run, and the folder that takes what it leaves behind."""

    fingerprint: str
    spec: TrialSpec
    folder: Path


class Executor(Protocol):
    """Something that runs trials outside the command's own process."""

    def run(self, jobs: Sequence[Job], on_event: Callable[[Event], None]) -> None:
        """Run every job; each ends with exactly one ``complete`` or ``failed`` event.

        A trial that raises, dies or takes too long is a ``failed`` event with its reason; the others
        go on.  KeyboardInterrupt stops all of them and is raised again.
        """


@runtime_checkable
class FedExecutor(Executor, Protocol):
    """One that takes further jobs while it runs some, so that no place stays empty until all have ended."""

    def run_fed(
        self,
        jobs: Sequence[Job],
        on_event: Callable[[Event], None],
        more: Callable[[], Sequence[Job]],
    ) -> None:
        """Run every job as `run` does, and what `more` gives, which is asked whenever one has ended."""


@runtime_checkable
class DetachableExecutor(Executor, Protocol):
    """One whose trials need no command of ours to go on: KeyboardInterrupt ends `run` and leaves them."""

    def submit(self, jobs: Sequence[Job]) -> str:
        """Have every job run, whether anybody looks on or not, and say where, for people.

        What an earlier command has submitted and has not ended is not submitted again.
        """

    def cancel(self) -> str:
        """End what has been submitted and has not ended, and say so, for people."""
