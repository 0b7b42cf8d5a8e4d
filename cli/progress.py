"""What people see while trials run: live bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ..benchmark.contracts.records import TrialSpec
from ..benchmark.contracts.running import Event
from ..benchmark.experiments.label_fraction import describe_fraction
from .console import Console

PHASES = {
    "load": "loading",
    "train": "training",
    "test": "testing",
    "sanity": "scoring what needs no model",
    "profile": "profiling",
}
LINE_SECONDS = 10.0
"""Between two lines about one trial in a plain log."""


class View(Protocol):
    """Hears the events of a run."""

    def __call__(self, event: Event) -> None:
        """Show one event."""


@contextmanager
def show(trials: Mapping[str, TrialSpec], todo: int, console: Console) -> Iterator[View]:
    """Show a run's events: live bars where `console` is a terminal, lines where it is not."""
    if not console.is_terminal or not todo:
        yield LogView(trials, todo, console)
        return
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[news]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield LiveView(trials, todo, progress)


def trial_name(spec: TrialSpec) -> str:
    """Name a trial for people."""
    data = " with ".join(filter(None, [spec.dataset.label, describe_fraction(spec.label_fraction)]))
    return f"{spec.model.label} on {data}, seed {spec.seed}"


def ending(event: Event) -> str:
    """Say how a trial ended."""
    return "done" if event.kind == "complete" else f"FAILED: {event.message}"


class LiveView:
    """Bars: one for all trials, one for each that runs.

    Args:
        trials: By fingerprint.
        todo: How many will run.
        progress: Draws.
    """

    def __init__(self, trials: Mapping[str, TrialSpec], todo: int, progress: Progress) -> None:
        self._trials, self._progress = trials, progress
        self._all = progress.add_task("all trials", total=todo, news="")
        self._bars: dict[str, TaskID] = {}
        self._phases: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Show one event."""
        name = trial_name(self._trials[event.fingerprint])
        if event.kind == "started":
            self._bars[event.fingerprint] = self._progress.add_task(f"  {name}", total=None, news="starting")
        elif event.kind == "progress":
            self._advance(event)
        elif event.kind == "note":
            self._progress.console.print(f"{name}: {event.message}", markup=False, highlight=False)
        else:
            self._progress.console.print(f"{name}: {ending(event)}", markup=False, highlight=False)
            self._progress.remove_task(self._bars.pop(event.fingerprint))
            self._progress.advance(self._all)

    def _advance(self, event: Event) -> None:
        bar = self._bars[event.fingerprint]
        if self._phases.get(event.fingerprint) != event.phase:
            self._phases[event.fingerprint] = event.phase
            self._progress.reset(bar, total=event.total or None)
        news = " ".join(filter(None, [PHASES.get(event.phase, event.phase), event.message]))
        self._progress.update(bar, completed=event.done, total=event.total or None, news=news)


class LogView:
    """Lines: each phase once, and training every few seconds.

    Args:
        trials: By fingerprint.
        todo: How many will run.
        console: Takes the lines.
    """

    def __init__(self, trials: Mapping[str, TrialSpec], todo: int, console: Console) -> None:
        self._trials, self._console, self._todo = trials, console, todo
        self._ended = 0
        self._last: dict[str, tuple[str, float]] = {}

    def __call__(self, event: Event) -> None:
        """Write a line, unless one about the same was just written."""
        if event.kind == "progress":
            self._progress(event)
        elif event.kind == "started":
            self._write(event, "starting")
        elif event.kind == "note":
            self._write(event, event.message)
        else:
            self._ended += 1
            self._write(event, f"{ending(event)} ({self._ended} of {self._todo})")

    def _progress(self, event: Event) -> None:
        phase, when = self._last.get(event.fingerprint, ("", 0.0))
        now = time.monotonic()
        if phase == event.phase and now - when < LINE_SECONDS:
            return
        self._last[event.fingerprint] = (event.phase, now)
        count = f" {event.done}/{event.total}" if event.total else ""
        self._write(event, f"{PHASES.get(event.phase, event.phase)}{count} {event.message}".rstrip())

    def _write(self, event: Event, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')}  {trial_name(self._trials[event.fingerprint])}: {text}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
