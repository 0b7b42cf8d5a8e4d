"""What people see of a pre-training: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ..pretraining.engine.spec import PretrainingSpec
from .console import Console
from .progress import LINE_SECONDS

FIRST_SECONDS = 2.0
"""Only work that takes longer than this is worth a line."""


@contextmanager
def indexing(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Show how many images have been opened."""
    with _counting("indexing images", console, FIRST_SECONDS) as count:
        yield lambda done, total: count(done, total, "")


@contextmanager
def show(spec: PretrainingSpec, console: Console) -> Iterator[Callable[[int, float], None]]:
    """Show steps, loss and throughput."""
    speed = Speed(spec.recipe.batch_size)
    with _counting("pre-training", console, 0.0) as count:

        def tell(done: int, loss: float) -> None:
            epoch = min(spec.recipe.epochs, 1 + (done - 1) // spec.steps_per_epoch)
            news = f"epoch {epoch}/{spec.recipe.epochs}, loss {loss:.4f}, {speed(done)}"
            count(done, spec.steps, news)

        yield tell


class Speed:
    """Images per second since the first step that it heard of, which includes warming up.

    Args:
        batch: Images of a step.
    """

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._start: tuple[int, float] | None = None

    def __call__(self, done: int) -> str:
        """Say it for people."""
        now = time.perf_counter()
        if self._start is None:
            self._start = done, now
        steps, seconds = done - self._start[0], now - self._start[1]
        return f"{steps * self._batch / seconds:,.1f} images/s" if steps else "starting"


Count = Callable[[int, int, str], None]


@contextmanager
def _counting(title: str, console: Console, first: float) -> Iterator[Count]:
    if not console.is_terminal:
        yield _lines(title, console, first)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[news]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=None, news="", visible=False)

        def count(done: int, total: int, news: str) -> None:
            progress.update(task, completed=done, total=total, news=news, visible=True)

        yield count


def _lines(title: str, console: Console, first: float) -> Count:
    """Write a line every few seconds, and one at the end."""
    told = time.monotonic() - LINE_SECONDS + first

    def count(done: int, total: int, news: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= LINE_SECONDS or (done == total and not first):
            told = now
            line = f"{time.strftime('%H:%M:%S')}  {title} {done:,}/{total:,} {news}".rstrip()
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return count
