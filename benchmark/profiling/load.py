"""What else a machine does while something is timed on it."""

from __future__ import annotations

import os
from types import TracebackType

import psutil

_IDLE = frozenset({"idle", "iowait"})
_COUNTED_TWICE = frozenset({"guest", "guest_nice"})


class OthersShare:
    """Context manager that finds which share of all processors' time other processes took meanwhile."""

    def __init__(self) -> None:
        self._start = (0.0, 0.0, 0.0)
        self.share: float | None = None
        """0 to 1; None before the context has ended, and where it took no time that the system counts."""

    def __enter__(self) -> OthersShare:
        self._start = _seconds()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        own, busy, whole = (now - was for now, was in zip(_seconds(), self._start, strict=True))
        self.share = min(1.0, max(0.0, busy - own) / whole) if whole > 0 else None


def _seconds() -> tuple[float, float, float]:
    """Return processor time so far (s): of this process, of everything, and of that with idling."""
    own, told = os.times(), psutil.cpu_times()._asdict()
    whole = sum(value for name, value in told.items() if name not in _COUNTED_TWICE)
    return own.user + own.system, whole - sum(told.get(name, 0.0) for name in _IDLE), whole
