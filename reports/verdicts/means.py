"""The interval of each mean for itself: for figures; who is better is decided by differences alone."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from .contest import Contest, Floats
from .schema import Interval


def intervals_of_means(contest: Contest, confidence: float) -> tuple[Interval | None, ...]:
    """Give the interval of each contender's mean; None where nothing varied or nothing is known of it.

    The variance over units is the contender's own.  That over seeds is its own or the one pooled over the
    models, whichever is larger.

    Args:
        contest: Who competes.
        confidence: Of each interval for itself.
    """
    units, seeds = _over_units(contest), _over_seeds(contest)
    variance = units[0] + seeds[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / (units[0] ** 2 / units[1] + seeds[0] ** 2 / seeds[1])
        half = stdtrit(freedom, (1 + confidence) / 2) * np.sqrt(variance)
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
    models = np.arange(len(contest.names)) < contest.models
    degrees = np.where(models & np.isfinite(contest.variances), contest.seeds - 1, 0)
    total = float(degrees.sum())
    if not total:
        return np.zeros(len(contest.names)), 1.0
    known = np.nan_to_num(contest.variances)
    pooled = float((degrees * known).sum()) / total
    return np.where(models, np.maximum(known, pooled), known) / contest.seeds, total
