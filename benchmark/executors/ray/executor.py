"""Ray runs the trials, each as a task in a process of its own, on whichever node has room."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from math import inf
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

from ...contracts.basics import OptionValue
from ...contracts.errors import EmsegError, UsageError
from ...contracts.running import QUEUE, Event, EventKind, Job, Runtime
from ...files.printable import brief
from ...files.wording import counted
from ...trials.deadlines import overdue
from ..following import Follower
from .connection import connected, library
from .options import RayOptions

LOOK_SECONDS: Final = 0.5
"""Between two looks into the trials' folders."""
_GIB: Final = 1 << 30

Listener = Callable[[Event], None]


@dataclass(slots=True)
class _Going:
    """A trial that Ray has, waiting or running."""

    job: Job
    tries: int = 1
    began: float = inf


class RayExecutor:
    """Runs each trial as a task of Ray.

    Args:
        runtime: The device of a trial, and its time-out.
        **options: Of `RayOptions`.

    Raises:
        UsageError: Ray is not installed, or what is asked for makes no sense there.
    """

    def __init__(self, runtime: Runtime, **options: OptionValue) -> None:
        self._options = RayOptions(**options)  # type: ignore[arg-type]  # checked against the card
        self._runtime = runtime
        if find_spec("ray") is None:
            raise UsageError("Ray is not installed: pip install 'emseg-bench[ray]'.")
        if len(runtime.devices) > 1 or ":" in runtime.device:
            raise UsageError("Ray gives each trial GPUs of its own: give --device cuda, without a number.")
        if runtime.workers > 1:
            raise UsageError(
                '--workers is not for Ray, which runs as many trials as have room: with "ray[gpus=0.5]" two '
                "share a GPU, and cpus=N gives each N cores."
            )

    def run(self, jobs: Sequence[Job], on_event: Listener) -> None:
        """Run every job; see `Executor`."""
        if not jobs:
            return
        with connected(self._options.address) as nodes:
            self._check_room(jobs, nodes, on_event)
            _Run(self._options, self._runtime, nodes, on_event).follow(jobs)

    def _check_room(
        self, jobs: Sequence[Job], nodes: Sequence[Mapping[str, float]], on_event: Listener
    ) -> None:
        """Look whether a node can run them; a cluster may still grow one.

        Raises:
            UsageError: This machine has less than a trial asks for.
        """
        for job in jobs:
            needs = _needs(self._options, self._runtime.device, job)
            if any(_room(node, needs) for node in nodes):
                continue
            has = "; ".join(dict.fromkeys(_told(node) for node in nodes)) or "nothing"
            text = f"no node of Ray has {_told(needs)}, which a trial asks for; there is {has}"
            if not self._options.address:
                raise UsageError(
                    f"{text}. Ask for less: --threads, or cpus, gpus and memory_gib of the executor."
                )
            on_event(Event(fingerprint=job.fingerprint, kind="note", message=f"{text}: waiting for one"))


class _Run:
    """Trials that are given to Ray, and followed until all have ended."""

    def __init__(
        self,
        options: RayOptions,
        runtime: Runtime,
        nodes: Sequence[Mapping[str, float]],
        on_event: Listener,
    ) -> None:
        self._ray = library()
        self._options, self._runtime, self._nodes, self._on_event = options, runtime, nodes, on_event
        # a process per trial, so that its memory is its own; what is run again is decided here
        self._task: Any = self._ray.remote(max_calls=1, max_retries=0)(_run_trial)
        self._going: dict[Any, _Going] = {}
        self._begun: set[str] = set()

    def follow(self, jobs: Sequence[Job]) -> None:
        """Give trials to Ray and look on; what has not ended is cancelled, whatever the reason."""
        follower = Follower(jobs)
        try:
            for job in jobs:
                self._submit(_Going(job))
            while self._going:
                done, _ = self._ray.wait(list(self._going), timeout=LOOK_SECONDS)
                for event in follower.news():
                    self._hear(event)
                self._tell_waiting()
                for task in done:
                    self._conclude(task, self._going.pop(task))
                self._stop_overdue()
        finally:
            for task in self._going:
                self._ray.cancel(task, force=True)

    def _submit(self, one: _Going) -> None:
        needs = _needs(self._options, self._runtime.device, one.job)
        rooms = (_room(node, needs) for node in self._nodes)
        runtime = replace(self._runtime, workers=max([1, *rooms]), devices=())
        task = self._task.options(
            num_cpus=needs["CPU"], num_gpus=needs["GPU"], memory=needs["memory"] or None
        ).remote(one.job.fingerprint, str(one.job.folder.absolute()), runtime)
        self._going[task] = one

    def _hear(self, event: Event) -> None:
        """Pass on what a trial tells, which runs by then."""
        for one in self._going.values():
            if one.job.fingerprint == event.fingerprint:
                one.began = min(one.began, time.monotonic())
        self._tell(event)

    def _tell(self, event: Event) -> None:
        if event.kind == "started":
            self._begun.add(event.fingerprint)
        self._on_event(event)

    def _tell_waiting(self) -> None:
        """Say that trials wait, so that their time is not counted."""
        waiting = [one for one in self._going.values() if one.began == inf]
        text = f"{counted(len(waiting), 'trial')} waiting for room in Ray"
        for number, one in enumerate(waiting):
            if number == 0 or one.tries > 1:
                name = one.job.fingerprint
                self._tell(Event(fingerprint=name, kind="progress", phase=QUEUE, message=text))

    def _conclude(self, task: Any, one: _Going) -> None:
        """Say how a trial ended, or give it to Ray again if what ran it was lost."""
        end, reason = self._result(task, one.job)
        if end is None and one.tries <= self._options.retries:
            tries = f"try {one.tries + 1} of {self._options.retries + 1}"
            self._tell(_event(one.job, "note", f"{reason}; it goes on from what it has saved, {tries}"))
            self._submit(_Going(one.job, one.tries + 1))
            return
        if one.job.fingerprint not in self._begun:  # another command has just ended it, or its node cannot
            self._tell(_event(one.job, "started"))
        self._tell(end or _event(one.job, "failed", reason))

    def _result(self, task: Any, job: Job) -> tuple[Event | None, str]:
        """Fetch a trial's last event; if what ran it was lost, say why in its place."""
        errors = self._ray.exceptions
        try:
            end: Event = self._ray.get(task)
        except errors.OutOfMemoryError:
            return None, "Ray ended its worker, for its node ran out of memory: memory_gib=... reserves some"
        except errors.RayTaskError as error:
            return _event(job, "failed", brief(str(error.cause), 500)), ""
        except errors.RayError as error:
            first = str(error).strip().partition("\n")[0]
            return None, f"its worker was lost ({type(error).__name__}: {brief(first, 300)})"
        return (None, end.message) if end.kind == "stopped" else (end, "")

    def _stop_overdue(self) -> None:
        limit = self._runtime.timeout_minutes
        if limit is None:
            return
        for task, one in [*self._going.items()]:
            if time.monotonic() - one.began > 60 * limit:
                del self._going[task]
                self._ray.cancel(task, force=True)
                self._tell(_event(one.job, "failed", overdue(limit)))


def _run_trial(fingerprint: str, folder: str, runtime: Runtime) -> Event:
    """Run a trial; this is what happens in Ray's own process."""
    from ..alone import run_folder
    from ..temporary import sweep, use_own_folder

    sweep()
    use_own_folder()
    try:
        return run_folder(Path(folder), runtime, lambda _: None)
    except EmsegError as error:
        return Event(fingerprint=fingerprint, kind="failed", message=str(error))
    finally:
        rmtree(tempfile.gettempdir(), ignore_errors=True)


def _needs(options: RayOptions, device: str, job: Job) -> dict[str, float]:
    """Say what a trial asks of a node, in Ray's words."""
    return {
        "CPU": options.cpus or job.spec.threads or 1,
        "GPU": options.gpus or float(device == "cuda") * job.spec.recipe.processes,
        "memory": options.memory_gib * _GIB,
    }


def _room(node: Mapping[str, float], needs: Mapping[str, float]) -> int:
    """Say for how many such trials a node has room."""
    return int(min(node.get(name, 0.0) / need for name, need in needs.items() if need))


def _told(resources: Mapping[str, float]) -> str:
    cpus, gpus, memory = (resources.get(name, 0.0) for name in ("CPU", "GPU", "memory"))
    parts = [f"{cpus:g} CPUs", f"{gpus:g} GPUs", f"{memory / _GIB:.3g} GiB"]
    return ", ".join(part for part, amount in zip(parts, (cpus, gpus, memory), strict=True) if amount)


def _event(job: Job, kind: EventKind, message: str = "") -> Event:
    return Event(fingerprint=job.fingerprint, kind=kind, message=message)
