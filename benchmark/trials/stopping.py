"""What a trial's process does when it is asked to end: it says so, and keeps what it needs to go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class StoppedError(BaseException):
    """Ends a trial without a result, for somebody wants its process to end; no fault of the trial's."""

    def __init__(self) -> None:
        super().__init__("stopped by SIGTERM; it goes on from what it has saved when it is run again")


@dataclass(slots=True)
class Stop:
    """Whether the process has been asked to end."""

    asked: bool = False

    def check(self) -> None:
        """Raise if so: code of strangers may have caught what was raised at first.

        Raises:
            StoppedError: It has been asked to.
        """
        if self.asked:
            raise StoppedError


@contextmanager
def heeding_sigterm() -> Iterator[Stop]:
    """Raise `StoppedError` in the block when the process is sent SIGTERM; only in the main thread."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.asked = True
        raise StoppedError

    before = signal.signal(signal.SIGTERM, on_signal)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
