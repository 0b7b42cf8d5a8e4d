"""Where a trial's settings stand on parallel coordinates, each scaled to its own range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.searching import Choice, Parameter
from ...benchmark.contracts.studies import Study, Tried
from ..wording import score
from .wording import short, short_key

MOST = 10
"""Coordinates of a figure; of more, the first."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One coordinate."""

    title: str
    ticks: tuple[tuple[float, str], ...]
    """Heights from 0 to 1, and what stands there."""


@dataclass(frozen=True, slots=True)
class Line:
    """One trial."""

    number: int
    heights: tuple[float, ...]
    """By coordinate, from 0 to 1; the last is the validation score."""


def axes_of(study: Study, heading: str) -> tuple[Axis, ...]:
    """Give the coordinates: the settings, then the score."""
    low, high, better = *_range(study), study.goals[0].higher
    ends = ((0.0, score(low if better else high)), (1.0, score(high if better else low)))
    return (
        *(Axis(_folded(key), _ticks(parameter)) for key, parameter in _shown(study).items()),
        Axis(f"validation\n{heading}", ends),
    )


def lines_of(study: Study) -> tuple[Line, ...]:
    """Give the trials that have a score and all settings."""
    (low, high), settings, found = _range(study), _shown(study), []
    for one in _scored(study):
        if one.validation is None or not set(settings) <= set(one.setting):
            continue
        height = (one.validation - low) / (high - low) if high > low else 0.5
        last = height if study.goals[0].higher else 1 - height
        heights = (_height(settings[key], one.setting[key]) for key in settings)
        found.append(Line(one.number, (*heights, last)))
    return tuple(found)


def _folded(key: str) -> str:
    """Write a key in lines that fit beside those of its neighbours."""
    return short_key(key).replace(".", ".\n")


def _shown(study: Study) -> Mapping[str, Parameter]:
    return dict([*study.space.items()][:MOST])


def _scored(study: Study) -> list[Tried]:
    return [one for one in study.tried if one.validation is not None]


def _range(study: Study) -> tuple[float, float]:
    scores = [one.validation for one in study.tried if one.validation is not None]
    return min(scores, default=0.0), max(scores, default=1.0)


def _height(parameter: Parameter, value: OptionValue) -> float:
    """Scale a value to its parameter's range, by its logarithm where that is how it was drawn."""
    if isinstance(parameter, Choice):
        return parameter.choices.index(value) / max(1, len(parameter.choices) - 1)
    low, high, at = float(parameter.low), float(parameter.high), float(value)
    if parameter.log:
        low, high, at = log(low), log(high), log(at)
    return (at - low) / (high - low) if high > low else 0.5


def _ticks(parameter: Parameter) -> tuple[tuple[float, str], ...]:
    values = parameter.choices if isinstance(parameter, Choice) else (parameter.low, parameter.high)
    return tuple((_height(parameter, value), short(value)) for value in values)
