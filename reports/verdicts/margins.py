"""Who is good enough: at most a margin worse than any other model, for sure; and who is as good as whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from ..arrays import Floats
from .comparing import holm
from .schema import Verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """Whether a model is within the margin of every other."""

    model: str
    p: float | None
    """Of its being further behind some other model than the margin, adjusted for all models (Holm); None:
    nothing is known of how differences vary."""
    sure: bool
    at_most: float | None
    """How far it may be behind any other model; the bounds of all models hold at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """Two models that differ by less than the margin, for sure."""

    one: str
    other: str
    p: float
    """Adjusted for all pairs (Holm)."""


def within(verdicts: Verdicts, margin: float) -> tuple[Within, ...]:
    """Test of each model that it is less than `margin` worse than every other (non-inferiority).

    To be within the margin of all, a model must pass against each one, so no level is shared among tests.
    It is shared out to the models, since any of them may be chosen for having passed.

    Args:
        verdicts: Of a contest; its models are looked at, the blind prediction is not.
        margin: More than 0, in the metric's unit.

    Returns:
        A finding per model, in the order of the verdicts.
    """
    behind, error, freedom = _matrices(verdicts)
    models, level = len(verdicts.models), 1 - verdicts.confidence
    p = np.max(stdtr(freedom, (behind - margin) / error), axis=1, initial=0)
    adjusted = holm(p)
    bound = np.max(behind + stdtrit(freedom, 1 - level / models) * error, axis=1, initial=0)
    sure = adjusted <= level
    bound = np.where(sure, np.minimum(bound, margin), bound)
    return tuple(
        Within(model=name, p=_number(p_), sure=bool(sure_), at_most=_number(bound_))
        for name, p_, sure_, bound_ in zip(verdicts.models, adjusted, sure, bound, strict=True)
    )


def equivalent(verdicts: Verdicts, margin: float) -> tuple[Equivalent, ...]:
    """Give the pairs of models that differ by less than `margin` either way, by two one-sided tests."""
    pairs = [pair for pair in verdicts.comparisons if pair.other < len(verdicts.models)]
    behind, error, freedom = _matrices(verdicts)
    one, other = (np.array([getattr(pair, end) for pair in pairs], int) for end in ("one", "other"))
    p = stdtr(freedom, (behind - margin) / error)
    adjusted = holm(np.maximum(p[one, other], p[other, one]))
    return tuple(
        Equivalent(one=verdicts.names[pair.one], other=verdicts.names[pair.other], p=float(p_))
        for pair, p_ in zip(pairs, adjusted, strict=True)
        if p_ <= 1 - verdicts.confidence
    )


def _matrices(verdicts: Verdicts) -> tuple[Floats, Floats, Floats]:
    """Give how far each model is behind each other, with error and degrees of freedom, (M, M) each.

    A model is as far as can be before itself; NaN where nothing is known.
    """
    models = len(verdicts.models)
    behind = np.full((models, models), -np.inf)
    error, freedom = np.ones((models, models)), np.ones((models, models))
    for pair in verdicts.comparisons:
        if pair.other < models:
            ends = ((pair.one, pair.other), (pair.other, pair.one))
            behind[ends[0]], behind[ends[1]] = -pair.value, pair.value
            for place in ends:
                error[place] = np.nan if pair.error is None else pair.error
                freedom[place] = np.nan if pair.freedom is None else pair.freedom
    return behind, error, freedom


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
