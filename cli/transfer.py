"""What people see while bytes are on their way: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from .console import Console
from .progress import LINE_SECONDS

if TYPE_CHECKING:
    from ..benchmark.files.download import Meter

MIB = 1 << 20


@contextmanager
def show_transfer(name: str, console: Console, done: str = "downloaded") -> Iterator[Meter]:
    """Show a transfer: a live bar where `console` is a terminal, lines where it is not.

    Args:
        name: What is on its way.
        console: Takes the bar or the lines.
        done: What is said of it in the end.
    """
    if not console.is_terminal:
        yield LineMeter(name, console, done)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield BarMeter(name, progress)


class LineMeter:
    """Writes a line at the start, every few seconds, and at the end.

    Args:
        name: What is on its way.
        console: Takes the lines.
        done: The last line.
    """

    def __init__(self, name: str, console: Console, done: str) -> None:
        self.total = 0
        self._name, self._console, self._end = name, console, done
        self._done, self._last = 0, 0.0

    def update(self, size: int) -> None:
        """Take note of `size` more bytes."""
        self._done += size
        if time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            rest = f" of {self.total / MIB:.1f} MiB" if self.total else " MiB so far"
            self._write(f"{self._done / MIB:.1f}{rest}")

    def reset(self) -> None:
        """Begin anew at nothing."""
        self._done = 0

    def close(self) -> None:
        """Write that the transfer is over."""
        self._write(self._end)

    def _write(self, text: str) -> None:
        self._console.print(f"{self._name}: {text}", markup=False, highlight=False, soft_wrap=True)


class BarMeter:
    """Draws a bar.

    Args:
        name: What is on its way.
        progress: Draws.
    """

    def __init__(self, name: str, progress: Progress) -> None:
        self.total = 0
        self._progress = progress
        self._task = progress.add_task(name, total=None)

    def update(self, size: int) -> None:
        """Take note of `size` more bytes."""
        self._progress.update(self._task, total=self.total or None)
        self._progress.advance(self._task, size)

    def reset(self) -> None:
        """Begin anew at nothing."""
        self._progress.reset(self._task, total=self.total or None)

    def close(self) -> None:
        """Draw the bar full."""
        self._progress.update(self._task, completed=self.total or 1, total=self.total or 1)
