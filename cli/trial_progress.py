"""What people see while trials run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ..benchmark.contracts.records import TrialSpec
from ..benchmark.contracts.running import Event
from ..benchmark.trials.trial_names import trial_name
from .console import Console
from .progress import Display, Work, display

PHASES = {
    "queue": "queued",
    "load": "loading",
    "train": "training",
    "test": "testing",
    "decoder": "trying settings of the decoder",
    "sanity": "scoring what needs no model",
    "profile": "profiling",
}


@contextmanager
def show(trials: Mapping[str, TrialSpec], todo: int, console: Console) -> Iterator[Callable[[Event], None]]:
    """Show a run's events."""
    with display(console, clock=True) as shown:
        yield _View(trials, todo, shown)


class _View:
    """Shows all trials together, and each that runs.

    Args:
        trials: By fingerprint.
        todo: How many will run.
        shown: Takes them.
    """

    def __init__(self, trials: Mapping[str, TrialSpec], todo: int, shown: Display) -> None:
        self._trials, self._todo, self._shown = trials, todo, shown
        self._all, self._ended = shown.add("all trials", first=float("inf")), 0
        if todo:
            self._all.update(0, todo)
        self._running: dict[str, Work] = {}

    def __call__(self, event: Event) -> None:
        """Show one event."""
        name = trial_name(self._trials[event.fingerprint])
        if event.kind == "note":
            self._shown.say(f"{name}: {event.message}")
            return
        if event.fingerprint not in self._running:
            self._running[event.fingerprint] = self._shown.add(name)
        work = self._running[event.fingerprint]
        if event.kind == "started":
            work.update(0, news="starting")
        elif event.kind == "progress":
            phase = PHASES.get(event.phase, event.phase)
            work.update(event.done, event.total, event.message, phase)
        else:
            self._ended += 1
            ending = "done" if event.kind == "complete" else f"FAILED: {event.message}"
            of_all = f"{self._ended} of {self._todo}" if self._todo else f"{self._ended}"
            self._shown.say(f"{name}: {ending} ({of_all})")
            self._running.pop(event.fingerprint).end()
            self._all.update(self._ended, self._todo)
