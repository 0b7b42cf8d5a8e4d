"""Trials as processes on this machine, a fresh one for each.

On Linux they are forked from one server process that has imported torch once: a trial starts in
milliseconds and its memory is its own, which keeps the measured peak honest.  Elsewhere they are
spawned, since forking is not safe with the accelerators' libraries there.  A server that is killed costs
no trial that runs: its end is then told by the process itself, and the next one gets a new server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import wait

from ..contracts.running import Event, Job, Runtime
from ..files.claims import is_claimed
from ..files.store import TrialFolder
from ..trials.deadlines import overdue
from .context import persistently, worker_context
from .death import MemoryWatch, cause_of_death
from .devices import DevicePool, answers, lack, needed
from .running import Running
from .worker import work

Listener = Callable[[Event], None]


class LocalExecutor:
    """Runs up to `runtime.workers` trials at once on each device.

    Where there are several devices, a trial sees its own alone.  A device that no longer computes takes no
    further trials, and the one that failed with it runs again on another.

    Args:
        runtime: Devices, workers, time-out.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._devices = runtime.devices or (runtime.device,)
        self._context = worker_context()

    def run(self, jobs: Sequence[Job], on_event: Listener) -> None:
        """Run every job; see `Executor`."""
        self.run_fed(jobs, on_event, tuple)

    def run_fed(self, jobs: Sequence[Job], on_event: Listener, more: Callable[[], Sequence[Job]]) -> None:
        """Run every job, and those that come; see `FedExecutor`."""
        pool = DevicePool(self._devices, self._runtime.workers)
        waiting, running = list(jobs), list[Running]()
        try:
            while waiting or running:
                while waiting and (device := pool.take(self._needs(job := _next_of(waiting)))):
                    waiting.remove(job)
                    running += self._start(job, device, pool, on_event)
                self._listen(running, on_event)
                for one in [*running]:
                    if end := self._end_of(one, on_event):
                        running.remove(one)
                        waiting += self._conclude(one, end, pool, on_event)
                        waiting += more()
                for job in [*waiting]:
                    if self._needs(job) > len(pool.left):
                        waiting.remove(job)
                        on_event(_failed(job, lack(job.spec.recipe.processes, pool.left)))
        finally:
            for one in running:
                one.close()

    def _needs(self, job: Job) -> int:
        return needed(job.spec.recipe.processes, self._devices)

    def _start(self, job: Job, device: str, pool: DevicePool, on_event: Listener) -> list[Running]:
        """Start a trial; give nothing if that cannot be done, which has failed it."""
        on_event(Event(fingerprint=job.fingerprint, kind="started"))
        try:
            return [persistently(lambda: self._launch(job, device))]
        except (OSError, EOFError) as error:
            on_event(_failed(job, f"its process could not be started: {type(error).__name__}: {error}"))
        pool.give_back(device)
        return []

    def _launch(self, job: Job, device: str) -> Running:
        news, news_out = self._context.Pipe(duplex=False)
        alive_in, alive = self._context.Pipe(duplex=False)
        runtime = replace(self._runtime, place=device) if len(self._devices) > 1 else self._runtime
        try:
            process = self._context.Process(target=work, args=(job, runtime, news_out, alive_in))
            process.start()
        finally:
            news_out.close()
            alive_in.close()
        return Running(job, process, news, alive, time.monotonic(), MemoryWatch.of(process.pid), device)

    def _listen(self, running: Sequence[Running], on_event: Listener) -> None:
        """Wait for news or an end, and pass all news on."""
        wait([handle for one in running for handle in one.handles], timeout=1.0)
        for one in running:
            one.memory.look()
            for event in one.received():
                on_event(event)

    def _end_of(self, one: Running, on_event: Listener) -> Event | None:
        """Give a trial's last event; if its process died or takes too long, say so in its place."""
        limit = self._runtime.timeout_minutes
        if not one.end and one.is_alive():
            if limit is None or time.monotonic() - one.started < limit * 60:
                return None
            one.stop()
            one.end = _failed(one.job, overdue(limit))
        one.close()
        for event in one.received():
            on_event(event)
        one.news.close()
        return one.end or _failed(one.job, cause_of_death(one.process.exitcode, one.memory))

    def _conclude(self, one: Running, end: Event, pool: DevicePool, on_event: Listener) -> list[Job]:
        """Say how a trial ended; give it back to be run again if a device failed and another is left."""
        pool.give_back(one.device)
        lost = [] if end.kind == "complete" else self._drop_failed(one.device, pool)
        if not lost:
            on_event(end)
            return []
        text = f"{', '.join(lost)} no longer computes and takes no further trials ({end.message})"
        if not pool.left:
            on_event(_failed(one.job, text))
            return []
        text = f"{text}; it runs again on another device"
        on_event(Event(fingerprint=one.job.fingerprint, kind="note", message=text))
        return [one.job]

    def _drop_failed(self, devices: str, pool: DevicePool) -> list[str]:
        """Find the devices of a failed trial that have failed themselves, and take no more then."""
        if len(self._devices) == 1:
            return []
        taken = devices.split(",")
        lost = [one for one in taken if one not in pool.left or not answers(one, self._context)]
        for one in lost:
            pool.drop(one)
        return lost


def _next_of(waiting: list[Job]) -> Job:
    """Give the first trial that no other command has begun, or of those that all have begun the first."""
    free = (job for job in waiting if not is_claimed(TrialFolder(job.folder).lock))
    return next(free, waiting[0])


def _failed(job: Job, reason: str) -> Event:
    return Event(fingerprint=job.fingerprint, kind="failed", message=reason)
