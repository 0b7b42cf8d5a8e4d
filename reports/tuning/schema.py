"""What a board of the open division says of tuning: rows, studies and figures draw from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.studies import Study
from ..statistics import Estimate
from .expected import Best


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTuning:
    """How one row was tuned."""

    study: str
    base: str
    """The recipe that was changed."""
    budget_trials: int | None
    """What was asked for."""
    budget_hours: float | None
    setting: Mapping[str, OptionValue]
    """What was chosen, by dotted key."""
    trials: int | None
    """That were run; None, as all below: the study's files are not there."""
    hours: float | None
    """Of devices, that these took."""
    best: float | None
    """Validation score of the tuning trial with the best one."""
    validation: Estimate
    """Of the row's own trials, over seeds: the validation score of the state that was tested."""
    untuned: str | None = None
    """Hash of the model as it was before it was tuned: that of its row on closed boards, and the same on all
    data sets; None: the study's files are not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """What a setting had to do with good scores."""

    setting: str
    share: float
    """Of all settings' importance, which sum to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """One study of a board."""

    model: str
    """Name of its row."""
    study: Study
    expected: tuple[Best, ...]
    """By number of trials."""
    importance: tuple[Importance, ...]
    """Most important first; empty where `unknown` says why."""
    unknown: str
    """Why nothing is known of importance; else empty."""
