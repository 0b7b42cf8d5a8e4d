"""One trial's process, as the command sees it: its news, its end, and that its end is known for sure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from ..contracts.running import Event, Job
from .death import SERVER_GONE, MemoryWatch
from .temporary import clear_after

GRACE_SECONDS = 5.0
"""Between asking a process to end and ending it."""
_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Running:
    """A trial that is being run in a process."""

    job: Job
    process: BaseProcess
    news: Connection
    alive: Connection
    started: float
    memory: MemoryWatch
    device: str
    """Of the pool's."""
    end: Event | None = None
    """Its last event; None: it has not come."""

    @property
    def handles(self) -> list[Connection | int]:
        """What becomes ready when there is something to hear; without its server its end cannot be heard."""
        return [self.news] if self._is_orphaned else [self.news, self.process.sentinel]

    @property
    def _is_orphaned(self) -> bool:
        """Whether the server has gone, so that the process may still run whatever its exit code says."""
        return self.process.exitcode == SERVER_GONE

    def is_alive(self) -> bool:
        """Say whether the process runs."""
        if self.process.is_alive():
            return True
        return self._is_orphaned and self.memory.runs()

    def received(self) -> Iterator[Event]:
        """Give the events that have come, without waiting for more; keep the one that ends it as `end`."""
        try:
            while self.news.poll():
                event: Event = self.news.recv()
                if event.kind in {"complete", "failed"}:
                    self.end = self.end or event
                else:
                    yield event
        except (EOFError, OSError):
            return

    def stop(self) -> None:
        """End the process, however it takes that."""
        self.alive.close()  # a worker whose command has gone ends itself
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(GRACE_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self._stop_orphan()

    def close(self) -> None:
        """Give up what is held for a process that has ended."""
        self.process.join(GRACE_SECONDS)
        self.stop()
        clear_after(self.process.pid)

    def _stop_orphan(self) -> None:
        deadline = time.monotonic() + GRACE_SECONDS
        while self.is_alive() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        if self.is_alive() and self.memory.process is not None:
            self.memory.process.kill()
