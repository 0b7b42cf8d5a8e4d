"""Trials as processes on this machine, a fresh one for each.

On Linux they are forked from one server process that has imported torch once: a trial starts in
milliseconds and its memory is its own, which keeps the measured peak honest.  Elsewhere they are
spawned, since forking is not safe with the accelerators' libraries there.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ..contracts import Event, Job, Runtime
from ..openmp import waiting
from .worker import work

Listener = Callable[[Event], None]

GRACE_SECONDS = 5.0
"""Between asking a process to end and ending it."""


WORKER_ENVIRONMENT = {
    # the current folder may hold a ``datasets`` of its own, which must not be found as a module
    "PYTHONSAFEPATH": "1",
    # without it cuBLAS refuses to be deterministic
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}


@dataclass(slots=True)
class _Running:
    job: Job
    process: BaseProcess
    news: Connection
    alive: Connection
    started: float
    ended: bool = False
    """Whether its last event has come."""


class LocalExecutor:
    """Runs up to `runtime.workers` trials at once.

    Args:
        runtime: Device, workers, threads, time-out.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._context: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
        self._context.set_forkserver_preload(["emseg_bench.benchmark.trial"])

    def run(self, jobs: Sequence[Job], on_event: Listener) -> None:
        """Run every job; see `emseg_bench.benchmark.contracts.Executor`."""
        waiting, running = list(jobs), list[_Running]()
        try:
            while waiting or running:
                while waiting and len(running) < self._runtime.workers:
                    running.append(self._start(waiting.pop(0), on_event))
                self._listen(running, on_event)
                running = [one for one in running if not self._has_ended(one, on_event)]
        finally:
            for one in running:
                _stop(one.process)

    def _start(self, job: Job, on_event: Listener) -> _Running:
        on_event(Event(fingerprint=job.fingerprint, kind="started"))
        news, news_out = self._context.Pipe(duplex=False)
        alive_in, alive = self._context.Pipe(duplex=False)
        process = self._context.Process(target=work, args=(job, self._runtime, news_out, alive_in))
        with _worker_environment():
            process.start()
        news_out.close()
        alive_in.close()
        return _Running(job, process, news, alive, time.monotonic())

    def _listen(self, running: Sequence[_Running], on_event: Listener) -> None:
        """Wait for news or an end, and pass all news on."""
        wait([handle for one in running for handle in (one.news, one.process.sentinel)], timeout=1.0)
        for one in running:
            for event in _received(one.news):
                one.ended = one.ended or event.kind in {"complete", "failed"}
                on_event(event)

    def _has_ended(self, one: _Running, on_event: Listener) -> bool:
        """Tell whether a trial is over; if its process died or takes too long, say so in its place."""
        limit = self._runtime.timeout_minutes
        if not one.ended and one.process.is_alive():
            if limit is None or time.monotonic() - one.started < limit * 60:
                return False
            _stop(one.process)
            self._fail(one, f"stopped after {limit:g} minutes, the limit set by --timeout", on_event)
        one.process.join(GRACE_SECONDS)
        _stop(one.process)
        for event in _received(one.news):
            one.ended = one.ended or event.kind in {"complete", "failed"}
            on_event(event)
        if not one.ended:
            self._fail(one, _cause_of_death(one.process.exitcode), on_event)
        one.news.close()
        one.alive.close()
        return True

    def _fail(self, one: _Running, reason: str, on_event: Listener) -> None:
        one.ended = True
        on_event(Event(fingerprint=one.job.fingerprint, kind="failed", message=reason))


def _received(news: Connection) -> Iterator[Event]:
    """Give the events that have come, without waiting for more."""
    try:
        while news.poll():
            yield news.recv()
    except (EOFError, OSError):
        return


def _stop(process: BaseProcess) -> None:
    if process.is_alive():
        process.terminate()
        process.join(GRACE_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()


def _cause_of_death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = (
            "; the system kills so when memory runs out, try --set recipe.batch_size=..."
            if name == "SIGKILL"
            else ""
        )
        return f"its process was killed by {name}{hint}"
    return f"its process ended early with exit code {code}; see the end of its log.txt"


@contextmanager
def _worker_environment() -> Iterator[None]:
    """Set what workers need in their environment from their very start; what the user has set stays."""
    own = {name: value for name, value in WORKER_ENVIRONMENT.items() if name not in os.environ}
    added = {**own, **waiting(os.environ)}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
