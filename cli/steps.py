"""Progress over things that are done one after another: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .console import Console
from .progress import LINE_SECONDS

Step = Callable[[], None]


@contextmanager
def steps(title: str, total: int, console: Console) -> Iterator[Step]:
    """Give a function to be called after each of `total` steps; a plain log hears of them now and then."""
    if not console.is_terminal:
        yield _lines(title, total, console)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24))
    with Progress(
        *columns, MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
    ) as bars:
        bar = bars.add_task(title, total=total)
        yield lambda: bars.advance(bar)


def _lines(title: str, total: int, console: Console) -> Step:
    done, last = 0, time.monotonic()

    def step() -> None:
        nonlocal done, last
        done += 1
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            console.print(f"{title} {done}/{total}", markup=False, highlight=False, soft_wrap=True)

    return step
