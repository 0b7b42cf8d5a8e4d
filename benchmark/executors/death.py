"""Why a trial's process ended: by which signal, and what memory was like just before."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..files.limits import told

if TYPE_CHECKING:
    import psutil

_LOOK_SECONDS = 0.2
"""Least time between two looks at a process's memory."""
SERVER_GONE = 255
"""Exit code that multiprocessing gives where the server that a process was forked from has ended."""
_SCARCE = 0.1
"""Less of the machine's memory than this share is little."""


@dataclass(slots=True)
class MemoryWatch:
    """What a process held, and what the machine had left, when it was last looked at."""

    process: psutil.Process | None
    """None: it had ended before it could be looked at."""
    looked: float = 0.0
    held: int = 0
    """Bytes, of the process itself: its resident set."""
    free: int = 0
    """Bytes that the machine could still give."""
    whole: int = 0
    """Bytes that the machine has."""

    @classmethod
    def of(cls, pid: int) -> MemoryWatch:
        """Begin to watch a process."""
        import psutil  # takes longer to import than all else here

        try:
            watch = cls(psutil.Process(pid))
        except psutil.Error:
            return cls(None)
        watch.look()
        return watch

    def look(self) -> None:
        """Look, unless that was done just now or the process has gone."""
        import psutil

        now = time.monotonic()
        if self.process is None or now - self.looked < _LOOK_SECONDS:
            return
        try:
            held = self.process.memory_info().rss
        except psutil.Error:
            return
        machine = psutil.virtual_memory()
        if held:  # a process that has ended and is still listed holds nothing
            self.looked, self.held, self.free, self.whole = now, held, machine.available, machine.total

    def runs(self) -> bool:
        """Say whether the process has not ended, whatever is known of its exit code."""
        import psutil

        try:
            return self.process is not None and self.process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def __str__(self) -> str:
        if not self.whole:
            return "it was too short-lived for a look at its memory"
        ago = time.monotonic() - self.looked
        return f"{ago:.1f} s before, it held {told(self.held)} of memory and {told(self.free)} were free"

    @property
    def was_scarce(self) -> bool:
        """Say whether little was left, or the process held more than was left."""
        return self.free < _SCARCE * self.whole or self.free < self.held


def cause_of_death(code: int | None, memory: MemoryWatch) -> str:
    """Say how a process ended.

    Args:
        code: Its exit code; negative: the signal that ended it.
        memory: Of the process.
    """
    if code is None or code == SERVER_GONE:
        return (
            f"its process ended with exit code {SERVER_GONE}, or with its server, and then nobody knows how; "
            f"{memory}; see the end of its log.txt"
        )
    if code >= 0:
        return f"its process ended early with exit code {code}; see the end of its log.txt"
    name = _signal_name(-code)
    if name != "SIGKILL":
        return f"its process was killed by {name}; see the end of its log.txt"
    hint = (
        "the system kills so when memory runs out: try --set recipe.batch_size=... or fewer --workers"
        if memory.was_scarce
        else "with so much left, a person, a scheduler or a container's limit did it rather than the system"
    )
    return f"its process was killed by SIGKILL; {memory}; {hint}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have no names
        return f"signal {number}"
