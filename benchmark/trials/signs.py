"""Signs of life that a running trial leaves in its folder, for whoever looks, on any machine.

Each line of ``events.jsonl`` says all that is known by then, so the last one is enough.  Between lines the
file's time of change is renewed, so that a trial that is long in one place is seen to live.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Annotated, Final

from annotated_types import Ge, MaxLen

from ..contracts.basics import STRICT
from ..contracts.running import Event, EventKind
from ..files.claims import LostError
from ..files.clock import now
from ..files.printable import brief
from ..files.processes import here
from .stopping import StoppedError

BEAT_SECONDS: Final = 5.0
"""Between two renewals of the file's time of change."""
LINE_SECONDS: Final = 10
"""Least time between two lines of one phase: a trial of a day writes 2 MiB."""
MOST_TEXT: Final = 2000

Text = Annotated[str, MaxLen(MOST_TEXT)]
Count = Annotated[int, Ge(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A line of ``events.jsonl``."""

    __pydantic_config__ = STRICT

    at: Text
    """ISO 8601, UTC."""
    kind: EventKind
    phase: Text = ""
    done: Count = 0
    total: Count = 0
    message: Text = ""
    score: float | None = None
    """On the validation split, where a trial that tunes has just taken it."""
    phase_at: Text = ""
    """When something of its phase was done for the first time, and how much was by then: a resume point's
    share was done before, and what comes before the first step takes its own time."""
    phase_done: Count = 0
    device: Text = ""
    """Which of several; empty: there is one."""
    host: Text
    process: Count
    """Its number, on that host."""
    space: Text = ""
    """What its number is unique in: a boot of the machine, and a container's processes; empty: not told."""


@contextmanager
def leaving_signs(
    path: Path, fingerprint: str, device: str, tell: Callable[[Event], None]
) -> Iterator[Callable[[Event], None]]:
    """Write down what a trial tells, its beginning and its end included.

    Args:
        path: Its ``events.jsonl``, which grows by every run of the trial.
        fingerprint: The trial's.
        device: Which of several it has; empty: there is one.
        tell: Hears all of it, too.

    Yields:
        What the trial has to tell.
    """
    signs = _Signs(path, device)
    signs.take(Event(fingerprint=fingerprint, kind="started"))

    def both(event: Event) -> None:
        signs.take(event)
        tell(event)

    ended = Flag()
    Thread(target=_beat, args=(path, ended), daemon=True).start()
    try:
        yield both
    except BaseException as error:
        is_stopped = isinstance(error, StoppedError | KeyboardInterrupt | LostError)
        kind: EventKind = "stopped" if is_stopped else "failed"
        signs.take(Event(fingerprint=fingerprint, kind=kind, message=str(error) or type(error).__name__))
        raise
    else:
        signs.take(Event(fingerprint=fingerprint, kind="complete"))
    finally:
        ended.set()


class _Signs:
    """Appends to the file; what it cannot write, on a full disk perhaps, is missed by lookers-on alone."""

    def __init__(self, path: Path, device: str) -> None:
        self._path = path
        self._last = Sign(
            at=now(),
            kind="started",
            device=device,
            **asdict(here()),
        )
        self._written = float("-inf")

    def take(self, event: Event) -> None:
        """Write a line, unless one of the same phase was written just now."""
        is_new = bool(event.phase) and (
            event.phase != self._last.phase or (event.done > 0 and not self._last.done)
        )
        soon = time.monotonic() - self._written < LINE_SECONDS
        if event.kind == "progress" and not is_new and soon and event.score is None:
            return
        text = brief(event.message, MOST_TEXT // 8)
        sign = replace(self._last, at=now(), kind=event.kind, message=text, score=event.score)
        if event.kind == "progress":
            sign = replace(sign, done=event.done, total=event.total)
        if is_new:
            sign = replace(sign, phase=event.phase, phase_at=sign.at, phase_done=event.done)
        self._last, self._written = sign, time.monotonic()
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(sign)) + "\n")


def _beat(path: Path, ended: Flag) -> None:
    while not ended.wait(BEAT_SECONDS):
        with suppress(OSError):
            os.utime(path)
