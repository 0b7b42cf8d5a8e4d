"""The words of an estimate: spans, what one trial takes, what a plan takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

from .work import Work

Source: TypeAlias = Literal["stored", "other data", "timed"]
"""Stored trials of the same model, size and device on the same data; or on other data; or steps timed now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A figure with the least and the most that was seen."""

    low: float
    middle: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(low=self.low + other.low, middle=self.middle + other.middle, high=self.high + other.high)

    def __mul__(self, factor: float) -> Span:
        return Span(low=self.low * factor, middle=self.middle * factor, high=self.high * factor)


def span_of(values: Iterable[float]) -> Span:
    """Sum up what was seen, once at least."""
    seen = list(values)
    return Span(low=min(seen), middle=float(median(seen)), high=max(seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast one kind of trial is, as far as it was seen."""

    source: Source
    seen: int
    """Trials, or timed steps."""
    step: Span
    """Seconds of a training step."""
    validation: Span
    """Seconds per pixel that goes through the network while validating; scoring included, but for
    ``other data``, where it is the network alone."""
    test: Span
    beside: Span
    """Seconds of a trial for all else: loading, blind predictions, profile, writing."""
    memory: Span
    """MiB at the peak."""
    memory_kind: str
    device: str
    """Name of the CPU or GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What was timed of one kind of trial just now."""

    steps: list[float]
    """Seconds of training steps, without the first."""
    validation: list[float]
    """Seconds per pixel that went through the network."""
    test: list[float]
    beside: float
    """Seconds of loading and profiling."""
    memory_mib: float
    memory_kind: str
    device: str
    others_share: float | None
    """Share (0 to 1) of all processors' time that other processes took meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCost:
    """What one trial will take, alone on its device."""

    training: Span
    """Seconds, as all that follow but for memory."""
    validation: Span
    test: Span
    beside: Span
    memory: Span
    memory_kind: str
    source: Source
    seen: int
    device: str

    @property
    def seconds(self) -> Span:
        """Of the whole trial."""
        return self.training + self.validation + self.test + self.beside

    @property
    def scores_more_than_it_trains(self) -> bool:
        """Whether validation and test take longer than training."""
        return self.validation.middle + self.test.middle > self.training.middle


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """What the trials of a plan that are still to run will take."""

    trials: Mapping[str, TrialCost | None]
    """By fingerprint; None: nothing is known."""
    works: Mapping[str, Work]
    """What each does, by fingerprint."""
    at_once: int
    seconds: Span
    """Of the whole, from start to end, so many trials at once; without those of which nothing is known."""
    memory: Span | None
    """MiB of trials that may run at once on one device or machine; None: nothing is known."""
    notes: tuple[str, ...] = ()
    """What is special in it, for people."""
    can_be_timed: bool = True
    """Whether the trials run on this machine, so that a few steps could be timed."""

    @property
    def unknown(self) -> int:
        """Trials of which nothing is known."""
        return sum(cost is None for cost in self.trials.values())
