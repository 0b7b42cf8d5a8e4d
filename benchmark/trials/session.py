"""Running a plan: what is complete is left alone, the rest goes to an executor, everybody hears of it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ..contracts.errors import EmsegError
from ..contracts.records import Record, TrialSpec
from ..contracts.running import QUEUE, DetachableExecutor, Event, Executor, FedExecutor, Job
from ..experiments.planning import Plan
from ..files.clock import now
from ..files.disk import keeping
from ..files.store import Store
from ..plugins.loading import Plugins
from ..plugins.registry import Problem
from ..plugins.strangers import RAISED, describe_error
from .deadlines import Deadlines, TimeUpError, overdue
from .jobs import write_job
from .records import failed_record, load_record, write_record


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a plan ended."""

    cached: tuple[str, ...]
    """Fingerprints of trials that were complete before, or for which others are kept."""
    ran: tuple[str, ...]
    failed: dict[str, str]
    """Reasons, by fingerprint."""


def pending(plan: Plan, store: Store) -> list[str]:
    """List the trials that are not complete yet, and for which none that other code made is kept."""
    return [name for name in plan.trials if name not in plan.kept and not store.trial(name).is_complete()]


def submit_plan(plan: Plan, store: Store, executor: DetachableExecutor) -> str:
    """Have what is not complete run without this command, and say where, for people.

    Raises:
        StoreError: The results folder cannot be written to.
    """
    store.prepare()
    return executor.submit([_prepare(store, name, plan.trials[name]) for name in pending(plan, store)])


def run_plan(
    plan: Plan,
    store: Store,
    executor: Executor,
    plugins: Plugins,
    on_event: Callable[[Event], None],
    timeout_minutes: float | None = None,
    more: Callable[[], Mapping[str, TrialSpec]] = dict,
) -> Outcome:
    """Run what is not complete; each trial leaves a record, come what may.

    Args:
        plan: What to run.
        store: Takes the records.
        executor: Runs the trials.
        plugins: Those with trial hooks are told.
        on_event: Hears everything, for people to see.
        timeout_minutes: Of a trial, whatever the executor does about it; None: no limit.
        more: Is asked for further trials, by fingerprint, whenever one has ended and before all is over; one
            that is named again runs again.

    Raises:
        StoreError: The results folder cannot be written to.
    """
    store.prepare()
    trials = dict(plan.trials)
    todo = pending(plan, store)
    failed: dict[str, str] = {}
    started: dict[str, str] = {}
    ended: set[str] = set()
    told: set[Problem] = set()  # of news, of which there are many
    jobs = [_prepare(store, name, trials[name]) for name in todo]
    deadlines = Deadlines(None if timeout_minutes is None else 60 * timeout_minutes)

    def listen(event: Event) -> None:
        with deadlines.uninterrupted():
            if event.fingerprint not in ended:  # an executor that was interrupted may still have news
                take(event)

    def take(event: Event) -> None:
        event = _checked(event, store)
        deadlines.heard()
        for problem in tell(event):
            on_event(Event(fingerprint=event.fingerprint, kind="note", message=f"plugin {problem}"))
        on_event(event)

    def tell(event: Event) -> Iterator[Problem]:
        """Keep what an event says, and tell the plugins; give what goes wrong in them."""
        name, record = event.fingerprint, None
        if event.phase == QUEUE:
            deadlines.waits(name)
        if event.kind == "started":
            deadlines.started(name)
            started[name] = now()
            yield from plugins.trial_started(name, trials[name])
        if event.kind == "failed":
            failed[name] = event.message
        if event.kind in {"complete", "failed"}:
            ended.add(name)
            deadlines.ended(name)
            record = _record(store, trials[name], event, started.get(name, now()))
        new = [problem for problem in plugins.trial_event(event) if problem not in told]
        told.update(new)
        yield from new
        if record:
            yield from plugins.trial_finished(record, store.trial(name).path)

    def feed() -> Sequence[Job]:
        with deadlines.uninterrupted():
            new = more()
            trials.update(new)
            ended.difference_update(new)
            for name in new:
                failed.pop(name, None)
            fed = [_prepare(store, name, spec) for name, spec in new.items()]
            jobs[:] = [*(job for job in jobs if job.fingerprint not in new), *fed]
            return fed

    while left := [job for job in jobs if job.fingerprint not in ended] or feed():
        reasons = _execute(executor, left, listen, feed, deadlines)
        for job in left:
            if job.fingerprint not in ended and (reason := reasons.of(job.fingerprint)):
                listen(Event(fingerprint=job.fingerprint, kind="failed", message=reason))
    ran = tuple(dict.fromkeys(job.fingerprint for job in jobs))
    return Outcome(tuple(name for name in plan.trials if name not in todo), ran, failed)


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Why trials that an executor has not ended will not be."""

    all_of_them: str = ""
    overdue: Collection[str] = ()
    """Trials that took too long; the others are given to the executor again."""
    limit_minutes: float = 0.0

    def of(self, fingerprint: str) -> str:
        """Give a trial's reason; nothing if it may go on."""
        if fingerprint in self.overdue:
            return overdue(self.limit_minutes)
        return self.all_of_them


def _execute(
    executor: Executor,
    jobs: Sequence[Job],
    listen: Callable[[Event], None],
    feed: Callable[[], Sequence[Job]],
    deadlines: Deadlines,
) -> _Reasons:
    """Run jobs; say why those that have not ended by then never will."""
    before = set(multiprocessing.active_children())
    deadlines.forget()
    try:
        with deadlines.watching():
            if isinstance(executor, FedExecutor):
                executor.run_fed(jobs, listen, feed)
            else:
                executor.run(jobs, listen)
    except TimeUpError:
        pass
    except EmsegError:
        raise
    except RAISED as error:
        return _Reasons(f"the executor failed with {describe_error(error)}")
    if not deadlines.interrupted:
        return _Reasons("the executor ended without having run it")
    for process in set(multiprocessing.active_children()) - before:
        process.kill()
        process.join()
    minutes = (deadlines.limit_seconds or 0) / 60
    if not deadlines.is_silent():
        return _Reasons(overdue=deadlines.overdue(), limit_minutes=minutes)
    return _Reasons(
        f"the executor ran no trial and said nothing for {minutes:g} minutes, the limit set by --timeout"
    )


def _checked(event: Event, store: Store) -> Event:
    """Believe an executor that a trial is complete only if the trial left its record; stopped is no end."""
    if event.kind == "stopped":
        return replace(event, kind="failed")
    if event.kind != "complete" or store.trial(event.fingerprint).is_complete():
        return event
    return replace(
        event, kind="failed", message="the executor said that it is complete, but it left no record"
    )


def _prepare(store: Store, name: str, spec: TrialSpec) -> Job:
    folder = store.trial(name)
    with keeping(folder.spec, "Nothing was started; make room or choose another folder with --out."):
        return write_job(Job(fingerprint=name, spec=spec, folder=folder.path))


def _record(store: Store, spec: TrialSpec, event: Event, started: str) -> Record:
    """Read the record that a trial left; write the one that a dead process could not."""
    folder = store.trial(event.fingerprint)
    if event.kind == "failed" and not folder.record.exists():
        job = Job(fingerprint=event.fingerprint, spec=spec, folder=folder.path)
        record = failed_record(job, started, event.message)
        with suppress(OSError):  # the command says it; the next one writes what there is room for then
            write_record(folder, record)
        return record
    return load_record(folder)
