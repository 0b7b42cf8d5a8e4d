"""Trials as processes on this machine, a fresh one for each.

On Linux they are forked from one server process that has imported torch once: a trial starts in
milliseconds and its memory is its own, which keeps the measured peak honest.  Elsewhere they are
spawned, since forking is not safe with the accelerators' libraries there.  A server that is killed costs
no trial that runs: its end is then told by the process itself, and the next one gets a new server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait

from ..contracts.running import Event, Job, Runtime
from .context import worker_context, worker_environment
from .death import MemoryWatch, cause_of_death
from .running import Running
from .worker import work

Listener = Callable[[Event], None]

STARTS = 7
"""Tries to start a process: they fail while a server that has been killed is not gone yet."""
PAUSE_SECONDS = 0.05
"""Before the second try, and twice as long before each further one: 3 s together."""


class LocalExecutor:
    """Runs up to `runtime.workers` trials at once.

    Args:
        runtime: Device, workers, threads, time-out.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._context = worker_context()

    def run(self, jobs: Sequence[Job], on_event: Listener) -> None:
        """Run every job; see `Executor`."""
        waiting, running = list(jobs), list[Running]()
        try:
            while waiting or running:
                while waiting and len(running) < self._runtime.workers:
                    running += self._start(waiting.pop(0), on_event)
                self._listen(running, on_event)
                running = [one for one in running if not self._has_ended(one, on_event)]
        finally:
            for one in running:
                one.close()

    def _start(self, job: Job, on_event: Listener) -> list[Running]:
        """Start a trial; give nothing if that cannot be done, which has failed it."""
        on_event(Event(fingerprint=job.fingerprint, kind="started"))
        for tried in range(STARTS):
            try:
                return [self._launch(job)]
            except (OSError, EOFError) as error:
                if tried < STARTS - 1:
                    time.sleep(PAUSE_SECONDS * 2**tried)
                else:
                    self._fail(
                        job, f"its process could not be started: {type(error).__name__}: {error}", on_event
                    )
        return []

    def _launch(self, job: Job) -> Running:
        news, news_out = self._context.Pipe(duplex=False)
        alive_in, alive = self._context.Pipe(duplex=False)
        try:
            process = self._context.Process(target=work, args=(job, self._runtime, news_out, alive_in))
            with worker_environment():
                process.start()
        finally:
            news_out.close()
            alive_in.close()
        return Running(job, process, news, alive, time.monotonic(), MemoryWatch.of(process.pid))

    def _listen(self, running: Sequence[Running], on_event: Listener) -> None:
        """Wait for news or an end, and pass all news on."""
        wait([handle for one in running for handle in one.handles], timeout=1.0)
        for one in running:
            one.memory.look()
            for event in one.received():
                on_event(event)

    def _has_ended(self, one: Running, on_event: Listener) -> bool:
        """Tell whether a trial is over; if its process died or takes too long, say so in its place."""
        limit = self._runtime.timeout_minutes
        if not one.ended and one.is_alive():
            if limit is None or time.monotonic() - one.started < limit * 60:
                return False
            one.stop()
            one.ended = True
            self._fail(one.job, f"stopped after {limit:g} minutes, the limit set by --timeout", on_event)
        one.close()
        for event in one.received():
            on_event(event)
        if not one.ended:
            self._fail(one.job, cause_of_death(one.process.exitcode, one.memory), on_event)
        one.news.close()
        return True

    def _fail(self, job: Job, reason: str, on_event: Listener) -> None:
        on_event(Event(fingerprint=job.fingerprint, kind="failed", message=reason))
