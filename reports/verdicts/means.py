"""The interval of each mean for itself: for figures; who is better is decided by differences alone."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from ..arrays import Floats
from .contest import Contest
from .schema import CONFIDENCE, Interval


def intervals_of_means(contest: Contest) -> tuple[Interval | None, ...]:
    """Give each contender's 95 % interval for itself; None where nothing varied or nothing is known.

    The variance over units is the contender's own.  That over seeds is its own or the one pooled over the
    models, whichever is larger.  Degrees of freedom are weighed by the variances, as those of differences.
    """
    units, units_freedom = _over_units(contest)
    seeds, seeds_freedom = _over_seeds(contest)
    variance = units + seeds
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance / (units / units_freedom + seeds / seeds_freedom)
        half = stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(variance)
    ends = zip((contest.means - half).tolist(), (contest.means + half).tolist(), half.tolist(), strict=True)
    return tuple(Interval(low=low, high=high) if width > 0 else None for low, high, width in ends)


def _over_units(contest: Contest) -> tuple[Floats, float]:
    """Variances of the means over units, and their degrees of freedom."""
    if contest.units is None:
        return np.zeros(len(contest.names)), 1.0
    count = contest.units.shape[1]
    return contest.units.var(axis=1, ddof=1) / count, count - 1.0


def _over_seeds(contest: Contest) -> tuple[Floats, float]:
    """Variances of the means over seeds, and their degrees of freedom."""
    degrees, pooled = contest.seeds_pooled
    if not degrees:
        return np.zeros(len(contest.names)), 1.0
    models = np.arange(len(contest.names)) < contest.models
    own = np.nan_to_num(contest.variances)
    return np.where(models, np.maximum(own, pooled), own) / contest.seeds, degrees
