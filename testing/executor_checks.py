"""What an executor owes: every job ends once, as what became of it."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

from ..benchmark.contracts.errors import EmsegError
from ..benchmark.contracts.running import QUEUE, Event, Job, Runtime
from ..benchmark.files.store import Store
from ..benchmark.trials.jobs import write_job
from ..benchmark.trials.records import write_record
from . import card_checks
from .card_checks import CardBench
from .findings import BlockedError, Check, ContractError, demanding, relying
from .sample_trials import MODELS, complete_record, spec

NAMES: Final = ("failed 1", "failed 2", "complete")
"""Jobs, by what must become of them."""

ENDS: Final = ("complete", "failed")

Told: TypeAlias = list[tuple[str, Event]]
"""Events with the name of their job, or its fingerprint if there is no such job."""


class ExecutorBench(CardBench):
    """An executor under test."""

    def make(self) -> Any:
        """Call the factory, as a run does.

        Raises:
            BlockedError: It says that it cannot work on this machine.
        """
        try:
            return self.factory()(Runtime(), **self.options)
        except EmsegError as error:
            raise BlockedError(f"it cannot be used here: {error}") from error

    @cached_property
    def told(self) -> Told:
        """What it tells of three jobs: two trials that cannot be run, and one that is complete already."""
        with tempfile.TemporaryDirectory() as folder:
            jobs, events = _jobs(Path(folder)), list[Event]()
            names = {job.fingerprint: name for job, name in zip(jobs, NAMES, strict=True)}
            executor = self.make()
            if not callable(getattr(executor, "run", None)):
                raise BlockedError("it has no run")
            try:
                executor.run(jobs, events.append)
            except EmsegError as error:
                raise BlockedError(f"it cannot be used here: {error}") from error
            return [(names.get(event.fingerprint, event.fingerprint), event) for event in events]


def check_builds(bench: ExecutorBench) -> None:
    """The factory makes something with ``run`` of a `Runtime`, and nothing comes of no jobs."""
    events: list[Event] = []
    with demanding("an executor from factory(runtime, **options)", "Mend the factory"):
        executor = bench.make()
    if not callable(getattr(executor, "run", None)):
        raise ContractError(f"a {type(executor).__name__} without run", "run(jobs, on_event)", "See Executor")
    with demanding("nothing for no jobs", "Mend run(jobs, on_event)"):
        executor.run([], events.append)
    if events:
        raise ContractError(f"{len(events)} event(s) for no jobs", "none", "Mend run(jobs, on_event)")


def check_every_job_ends(bench: ExecutorBench) -> None:
    """Every job has exactly one ``complete`` or ``failed`` event, and ``started`` before it."""
    with demanding("an event for every job, whatever becomes of it", "Mend run(jobs, on_event)"):
        told = bench.told
    for one in told:
        if not isinstance(one[1], Event):
            raise ContractError(f"a {type(one[1]).__name__} as event", "an Event", "Tell Events")
    for name, count in _ends_of(told).items():
        if count != 1:
            raise ContractError(
                f"{count} events that say how a trial ended ({name})",
                "one for each job",
                "Pass on what run_trial tells and comes to; a trial that raises is failed",
            )
        kinds = [event.kind for job, event in told if job == name and not _is_of_waiting(event)]
        if "started" in kinds and kinds.index("started") > 0:
            raise ContractError("started after other news", "started first", "Tell it when the trial begins")


def check_tells_the_truth(bench: ExecutorBench) -> None:
    """Trials that cannot be run are failed, with a reason; one that is complete already is complete."""
    with relying("it does not tell how jobs end"):
        told = bench.told
    if set(_ends_of(told).values()) != {1}:
        raise BlockedError("jobs do not end once each")
    for name, event in told:
        expected = name.partition(" ")[0]
        if event.kind in ENDS and event.kind != expected:
            what = "cannot be run" if expected == "failed" else "is complete"
            raise ContractError(f"{event.kind!r} for a trial that {what}", expected, "Believe run_trial")
        if event.kind == "failed" and not event.message.strip():
            raise ContractError("a failed trial without a message", "why it failed", "Give Event.message")


def _is_of_waiting(event: Event) -> bool:
    """Tell what may be said of a trial before it begins."""
    return event.kind == "note" or event.phase == QUEUE


def _ends_of(told: Told) -> dict[str, int]:
    """Count how often each job ended."""
    return {name: sum(job == name and event.kind in ENDS for job, event in told) for name in NAMES}


def _jobs(folder: Path) -> list[Job]:
    store = Store(folder)
    store.prepare()
    records = [complete_record(spec(label, seed)) for label in MODELS for seed in (0, 1)][: len(NAMES)]
    write_record(store.trial(records[-1].fingerprint), records[-1])
    return [
        write_job(Job(fingerprint=one.fingerprint, spec=one.spec, folder=store.trial(one.fingerprint).path))
        for one in records
    ]


CHECKS: tuple[Check, ...] = (
    *card_checks.CHECKS,
    check_builds,
    check_every_job_ends,
    check_tells_the_truth,
)
