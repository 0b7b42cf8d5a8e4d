"""How a model was tuned, as reports read it: what was tried, what each trial gave, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .basics import OptionValue
from .searching import Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the best was looked for of."""

    name: str
    """The metric that ranks, on the validation split, or ``latency``."""
    higher: bool
    """Whether more is better."""
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A tuning trial."""

    number: int
    state: Literal["running", "complete", "pruned", "failed"]
    setting: Mapping[str, OptionValue]
    """By dotted key: ``recipe.learning_rate``, ``model.dropout``."""
    values: tuple[float, ...]
    """By goal; empty unless complete."""
    validation: float | None
    """Its best validation score by the metric that ranks; of a pruned trial, until it was stopped."""
    seconds: float
    """That devices were held for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What was tried of one model's settings on one data set."""

    name: str
    identity: str
    """Hash of the model as it is before it is tuned: that of its rows on closed boards."""
    goals: tuple[Goal, ...]
    """One or two; the first is the metric that ranks."""
    space: Mapping[str, Parameter]
    sampler: str
    pruner: str
    seed: int
    tried: tuple[Tried, ...]
    """By number; those that have ended."""
    best: tuple[int, ...]
    """Numbers of the best trial, or of all on the Pareto front."""
    seconds: float
    """Of all trials, on devices."""
