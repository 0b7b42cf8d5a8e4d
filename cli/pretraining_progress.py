"""What people see of a pre-training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..pretraining.engine.spec import PretrainingSpec
from .console import Console
from .progress import display

FIRST_SECONDS = 2.0
"""Indexing that takes no longer than this is not worth a line."""


@contextmanager
def indexing(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Show how many images have been opened."""
    with display(console, clock=True, transient=True) as shown:
        yield shown.add("indexing images", first=FIRST_SECONDS).update


@contextmanager
def show(spec: PretrainingSpec, console: Console) -> Iterator[Callable[[int, float], None]]:
    """Show steps, loss and throughput."""
    speed = Speed(spec.recipe.batch_size)
    with display(console, clock=True, transient=True) as shown:
        work = shown.add("pre-training")

        def tell(done: int, loss: float) -> None:
            epoch = min(spec.recipe.epochs, 1 + (done - 1) // spec.steps_per_epoch)
            news = f"epoch {epoch}/{spec.recipe.epochs}, loss {loss:.4f}, {speed(done)}"
            work.update(done, spec.steps, news)

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
