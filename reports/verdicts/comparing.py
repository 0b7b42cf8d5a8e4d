"""All pairs of a contest at once, in closed form.

The variance of a difference is that over units (crossed with the models) plus that over seeds (each model
has its own).  Each part is the larger of the pair's own and the one pooled over all models.  Degrees of
freedom are the pooled parts' own, weighed by their variances, as Cochran weighs critical values; those over
units have Box's correction for spreads unlike each other.  docs/statistics.md says how well all this holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from ..arrays import Floats
from .contest import Contest
from .means import intervals_of_means
from .schema import CONFIDENCE, Comparison, Placed, Verdicts

ROUNDING = 1e-12
"""Relative to the scores' size: sums in another order differ by as much, so smaller spreads are none."""


def compare(contest: Contest) -> Verdicts:
    """Compare every contender of a contest with every other; the first need not be the best."""
    return judged(contest, Pairs.of(contest))


def judged(contest: Contest, pairs: Pairs) -> Verdicts:
    """Judge all pairs of a contest, whose differences have errors, by t-tests and Holm's steps."""
    p = 2 * stdtr(pairs.freedom, -np.abs(pairs.value / pairs.error))
    adjusted = holm(p)
    sure = adjusted <= 1 - CONFIDENCE
    low, high = _ends(pairs, sure)
    degrees, shared = contest.seeds_pooled
    return Verdicts(
        metric=contest.metric,
        direction=contest.direction,
        names=contest.names,
        blind=contest.blind,
        scope=contest.scope,
        confidence=CONFIDENCE,
        comparisons=_comparisons(pairs, low, high, adjusted, sure),
        places=_places(contest.models, pairs, sure),
        seeds=tuple(contest.seeds[: contest.models].tolist()),
        units_sd=_units_sd(contest.models, pairs),
        seeds_sd=float(np.sqrt(shared)) if degrees else None,
        means=intervals_of_means(contest),
        alike=min(1.0, _directions(contest) / max(1, contest.models - 1)),
    )


def holm(p: Floats) -> Floats:
    """Adjust p-values for each other by Holm's steps (1979); NaN, no test, stays and does not count."""
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = np.arange(order.size, 0, -1)
    adjusted = np.full(p.shape, np.nan)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * steps))
    return adjusted


def _ends(pairs: Pairs, sure: np.ndarray) -> tuple[Floats, Floats]:
    """Give intervals that hold at once (Bonferroni); a pair that only Holm tells apart, to 0."""
    tests = max(1, int(np.isfinite(pairs.error).sum()))
    half = stdtrit(pairs.freedom, 1 - (1 - CONFIDENCE) / (2 * tests)) * pairs.error
    low, high = pairs.value - half, pairs.value + half
    low = np.where(sure & (pairs.value > 0), np.maximum(low, 0), low)
    high = np.where(sure & (pairs.value < 0), np.minimum(high, 0), high)
    return low, high


def _places(models: int, pairs: Pairs, sure: np.ndarray) -> tuple[Placed, ...]:
    """Count, of each model, those that are better and those that are worse for sure."""
    among = sure & (pairs.other < models)
    ahead, behind = among & (pairs.value > 0), among & (pairs.value < 0)
    better = _count(pairs.other[ahead], models) + _count(pairs.one[behind], models)
    worse = _count(pairs.one[ahead], models) + _count(pairs.other[behind], models)
    return tuple(
        Placed(best=1 + int(above), worst=models - int(below))
        for above, below in zip(better, worse, strict=True)
    )


def _units_sd(models: int, pairs: Pairs) -> float | None:
    among = pairs.units_sd[pairs.other < models]
    spread = float(np.sqrt((among**2).mean())) if among.size else np.nan
    return spread if np.isfinite(spread) else None


def _count(positions: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(positions, minlength=size)


def _comparisons(
    pairs: Pairs, low: Floats, high: Floats, p: Floats, sure: np.ndarray
) -> tuple[Comparison, ...]:
    verdicts = np.where(sure, np.where(pairs.value > 0, "better", "worse"), "").tolist()
    columns = (low, high, p, pairs.error, pairs.freedom, pairs.units_sd, pairs.seeds_sd)
    return tuple(
        Comparison(
            one=one,
            other=other,
            value=value,
            low=low_,
            high=high_,
            p=p_,
            verdict=verdict or None,
            error=error,
            freedom=freedom,
            units_sd=units,
            seeds_sd=seeds,
            wins=wins,
            ties=ties,
            losses=losses,
        )
        for one, other, value, verdict, low_, high_, p_, error, freedom, units, seeds, (
            wins,
            ties,
            losses,
        ) in zip(
            pairs.one.tolist(),
            pairs.other.tolist(),
            pairs.value.tolist(),
            verdicts,
            *map(_numbers, columns),
            pairs.outcomes.tolist(),
            strict=True,
        )
    )


def _numbers(column: Floats) -> list[float | None]:
    return [
        value if finite else None for value, finite in zip(column.tolist(), np.isfinite(column), strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """What all pairs have, (P,) each; NaN where nothing is known."""

    one: np.ndarray
    other: np.ndarray
    value: Floats
    """Positive where `one` is better."""
    error: Floats
    freedom: Floats
    units_sd: Floats
    seeds_sd: Floats
    outcomes: np.ndarray
    """Units in which `one` is better, equal, worse, (P, 3)."""

    @classmethod
    def of(cls, contest: Contest) -> Pairs:
        """Work out all pairs of a contest."""
        one, other = np.triu_indices(len(contest.names), k=1)
        sign = 1.0 if contest.direction == "higher" else -1.0
        value = sign * (contest.means[one] - contest.means[other])
        over_units = _over_units(contest, one, other)
        over_seeds = _over_seeds(contest, one, other)
        variance = np.nansum([over_units.variance, over_seeds.variance], axis=0)
        pooled = np.nansum([over_units.pooled, over_seeds.pooled], axis=0)
        parts = [part.pooled / part.freedom for part in (over_units, over_seeds)]
        size = np.maximum(np.abs(contest.means[one]), np.abs(contest.means[other]))
        spread = variance > (ROUNDING * size) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = pooled / np.nansum(parts, axis=0)
        units = 0 if contest.units is None else contest.units.shape[1]
        return cls(
            one=one,
            other=other,
            value=value,
            error=np.where(spread, np.sqrt(variance), np.nan),
            freedom=np.where(spread, freedom, np.nan),
            units_sd=np.sqrt(over_units.own * units),
            seeds_sd=np.sqrt(over_seeds.own),
            outcomes=_outcomes(contest, one, other, sign),
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of the variance of the differences of means, (P,) each; NaN where it is unknown."""

    own: Floats
    variance: Floats
    """What counts: the larger of the pair's own and the pooled one."""
    pooled: Floats
    freedom: Floats


def _over_units(contest: Contest, one: np.ndarray, other: np.ndarray) -> _Part:
    """Units are crossed with models: what counts is how differences vary."""
    if contest.units is None:
        nothing = np.full(one.shape, np.nan)
        return _Part(nothing, nothing, nothing, nothing)
    count = contest.units.shape[1]
    centred = contest.units - contest.units.mean(axis=1, keepdims=True)
    products = centred @ centred.T / (count - 1)
    alone = np.diag(products)
    own = alone[one] + alone[other] - 2 * products[one, other]
    own = np.where(own > ROUNDING * (alone[one] + alone[other]), own, 0) / count
    among = other < contest.models
    pooled = np.where(among, own[among].mean() if among.any() else 0, own)
    freedom = np.where(among, (count - 1) * _directions(contest), count - 1)
    return _Part(own, np.maximum(own, pooled), pooled, freedom)


def _directions(contest: Contest) -> float:
    """Estimate in how many independent ways models differ over units (Box's correction), 1 to M - 1.

    Were all spreads alike, M - 1; one wild model makes it 1.  Of few units it is no more than these can show.
    """
    if contest.units is None or contest.scope.kind == "sets":
        return contest.models - 1.0  # a plain two-way analysis, which holds for sets (docs/statistics.md)
    units = contest.units[: contest.models]
    apart = units - units.mean(axis=1, keepdims=True)
    apart = apart - apart.mean(axis=0)
    products = apart.T @ apart
    squared = float((products**2).sum())
    return float(np.trace(products)) ** 2 / squared if squared else 1.0


def _over_seeds(contest: Contest, one: np.ndarray, other: np.ndarray) -> _Part:
    """Each model has its seeds' spread for itself; one of a single seed is given the pooled spread."""
    degrees, shared = contest.seeds_pooled
    if not degrees:
        nothing = np.full(one.shape, np.nan)
        return _Part(nothing, nothing, nothing, nothing)
    trained = np.arange(len(contest.names)) < contest.models
    variances = np.where(np.isfinite(contest.variances), contest.variances, shared)
    own = variances / contest.seeds
    pooled = np.where(trained, shared, 0) / contest.seeds
    together = pooled[one] + pooled[other]
    return _Part(
        variances[one] + variances[other],
        np.maximum(own[one] + own[other], together),
        together,
        np.full(one.shape, float(degrees)),
    )


def _outcomes(contest: Contest, one: np.ndarray, other: np.ndarray, sign: float) -> np.ndarray:
    counts = np.zeros((one.size, 3), np.int64)
    if contest.units is None:
        return counts
    equal = ROUNDING * np.abs(contest.units).max()
    for unit in contest.units.T:
        lead = sign * (unit[one] - unit[other])
        counts += np.stack((lead > equal, np.abs(lead) <= equal, lead < -equal), axis=1)
    return counts
