"""What people see of work that takes long: live bars in a terminal, plain lines elsewhere.

Whatever verb shows how far it is does so with a `Display`, which this file alone makes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ..benchmark.files.wording import duration
from .console import Console
from .tables import say

if TYPE_CHECKING:
    from ..benchmark.files.download import Meter

LINE_SECONDS: Final = 10.0
"""Between two lines about one piece of work in a plain log."""
MIB: Final = 1 << 20


class Work(Protocol):
    """One piece of work on a display."""

    def update(self, done: int, total: int = 0, news: str = "", phase: str = "") -> None:
        """Show how much is done and of how much (0: nobody knows), what else is new, and in which phase."""

    def end(self, text: str = "") -> None:
        """Take it off the display, or say what came of it."""


class Display(Protocol):
    """Shows pieces of work."""

    def add(self, title: str, *, first: float = 0.0) -> Work:
        """Begin a piece of work, of which a plain log hears after so many seconds for the first time."""

    def say(self, text: str) -> None:
        """Write a line that stays."""


@contextmanager
def display(
    console: Console, *, of_bytes: bool = False, clock: bool = False, transient: bool = False
) -> Iterator[Display]:
    """Make a display: bars where `console` is a terminal, lines where it is not.

    Args:
        console: Takes the bars or lines.
        of_bytes: What is counted are bytes.
        clock: Lines begin with the time of day.
        transient: Bars go away in the end.
    """
    if not console.is_terminal:
        yield _Lines(console, _mib if of_bytes else _count, clock=clock)
        return
    counts: list[ProgressColumn] = [MofNCompleteColumn()]
    if of_bytes:
        counts = [DownloadColumn(binary_units=True), TransferSpeedColumn()]
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        *counts,
        TextColumn("{task.fields[news]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=transient) as progress:
        yield _Bars(progress, console)


@contextmanager
def steps(title: str, total: int, console: Console) -> Iterator[Callable[[], None]]:
    """Give a function to be called after each of `total` steps; a plain log hears of them now and then."""
    with display(console, transient=True) as shown:
        work, done, began = shown.add(title, first=LINE_SECONDS), 0, time.monotonic()
        work.update(done, total)

        def step() -> None:
            nonlocal done
            done += 1
            left = "" if console.is_terminal else _left(began, done, total)  # bars have a column for it
            work.update(done, total, left)

        yield step


def _left(began: float, done: int, total: int) -> str:
    seconds = (time.monotonic() - began) / done * (total - done)
    return f"about {duration(seconds)} left" if done < total else ""


@contextmanager
def transfer(name: str, console: Console, done: str = "downloaded") -> Iterator[Meter]:
    """Show bytes on their way; `done` is what a plain log hears of them in the end."""
    with display(console, of_bytes=True) as shown:
        yield _Meter(shown.add(name), done)


class _Bars:
    """A display of live bars."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self._progress, self._console = progress, console

    def add(self, title: str, *, first: float = 0.0) -> Work:
        return _Bar(self._progress, title, visible=not first)

    def say(self, text: str) -> None:
        say(self._console, text)


class _Bar:
    def __init__(self, progress: Progress, title: str, *, visible: bool) -> None:
        self._progress, self._phase, self._total = progress, "", 0
        self._task = progress.add_task(title, total=None, news="", visible=visible)

    def update(self, done: int, total: int = 0, news: str = "", phase: str = "") -> None:
        if phase != self._phase:
            self._phase = phase
            self._progress.reset(self._task)
        self._total, text = total, " ".join(filter(None, [phase, news]))
        self._progress.update(self._task, completed=done, total=total or None, news=text, visible=True)

    def end(self, text: str = "") -> None:
        if text:
            self.update(self._total or 1, self._total or 1, phase=self._phase)
        else:
            self._progress.remove_task(self._task)


class _Lines:
    """A display of plain lines."""

    def __init__(self, console: Console, count: Callable[[int, int], str], *, clock: bool) -> None:
        self._console, self._clock, self.count = console, clock, count

    def add(self, title: str, *, first: float = 0.0) -> Work:
        return _Line(self, title, first)

    def say(self, text: str) -> None:
        say(self._console, f"{time.strftime('%H:%M:%S')}  {text}" if self._clock else text)


class _Line:
    def __init__(self, lines: _Lines, title: str, first: float) -> None:
        self._lines, self._title, self._phase = lines, title, ""
        self._due = time.monotonic() + first

    def update(self, done: int, total: int = 0, news: str = "", phase: str = "") -> None:
        now = time.monotonic()
        if phase == self._phase and now < self._due:
            return
        self._phase, self._due = phase, now + LINE_SECONDS
        text = " ".join(filter(None, [phase, self._lines.count(done, total), news]))
        self._lines.say(f"{self._title}: {text}")

    def end(self, text: str = "") -> None:
        if text:
            self._lines.say(f"{self._title}: {text}")


class _Meter:
    """A `Meter` whose bytes a piece of work counts."""

    def __init__(self, work: Work, done: str) -> None:
        self.total = 0
        self._work, self._end, self._done = work, done, 0

    def update(self, size: int) -> None:
        self._done += size
        self._work.update(self._done, self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        self._work.end(self._end)


def _count(done: int, total: int) -> str:
    return f"{done:,}/{total:,}" if total else ""


def _mib(done: int, total: int) -> str:
    return f"{done / MIB:.1f} of {total / MIB:.1f} MiB" if total else f"{done / MIB:.1f} MiB so far"
