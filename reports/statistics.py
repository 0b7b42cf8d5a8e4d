"""Means, spreads and ranks over seeds: what a leaderboard may claim, and how surely.

Two rows differ for sure when the 95 % interval of the difference of their means leaves out 0.  The
interval is Welch's (1947, Biometrika 34, 28-35): seeds are independent runs, spreads may differ.
It says how much training varies with the seed, not how much scores vary with the choice of cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95
ROUNDING = 1e-12
"""Means closer than this are equal: sums in another order differ by as much."""

Floats: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Direction: TypeAlias = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number over seeds."""

    mean: float | None
    """None: no seed gave a number."""
    sd: float | None
    """Sample standard deviation (n - 1); None with fewer than two seeds."""
    seeds: int
    """How many seeds gave a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean of one row minus the mean of another, with its interval."""

    value: float
    low: float | None
    """Ends of the 95 % interval; None where one of the two has a single seed."""
    high: float | None

    @property
    def tied(self) -> bool | None:
        """Whether the interval holds 0; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """The places that a row may hold."""

    best: int
    """1 + the number of rows that are better for sure."""
    worst: int
    """The number of rows minus those that are worse for sure."""
    certain: bool
    """False where some comparison has no interval and went by the means alone."""
    tied: tuple[int, ...]
    """Positions of the rows that this one cannot be told apart from."""

    def __str__(self) -> str:
        """Write ``1``, ``1=`` for a tie, ``(1)`` where ranks are not certain."""
        text = f"{self.best}=" if self.worst > self.best else str(self.best)
        return text if self.certain else f"({text})"


def estimate(values: Sequence[float]) -> Estimate:
    """Sum up one number per seed; NaN (no number) is left out."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    mean = float(numbers.mean()) if numbers.size else None
    sd = float(numbers.std(ddof=1)) if numbers.size > 1 else None
    return Estimate(mean=mean, sd=sd, seeds=int(numbers.size))


def difference(one: Estimate, other: Estimate) -> Difference | None:
    """Return ``one - other`` with its 95 % interval, or None where one of them has no mean."""
    if one.mean is None or other.mean is None:
        return None
    value = one.mean - other.mean
    half = float(_Spreads.of((one, other)).half_widths(0)[1])
    if np.isnan(half):
        return Difference(value=value, low=None, high=None)
    return Difference(value=value, low=value - half, high=value + half)


def ranks(scores: Sequence[Estimate], direction: Direction) -> list[Rank]:
    """Rank rows that all have a mean; the order of `scores` is kept.

    Args:
        scores: One estimate per row.
        direction: Which way is better.
    """
    spreads = _Spreads.of(scores)
    means = spreads.means if direction == "higher" else -spreads.means
    return [_rank(i, means, spreads.half_widths(i)) for i in range(len(scores))]


def _rank(i: int, means: Floats, half_widths: Floats) -> Rank:
    known = np.isfinite(half_widths)
    known[i] = True
    lead = means[i] - means
    margin = np.where(known, half_widths, 0) + ROUNDING
    margin[i] = np.inf
    tied = known & (np.abs(lead) <= margin)
    tied[i] = False
    return Rank(
        best=1 + int((lead < -margin).sum()),
        worst=means.size - int((lead > margin).sum()),
        certain=bool(known.all()),
        tied=tuple(np.flatnonzero(tied).tolist()),
    )


@dataclass(frozen=True, slots=True)
class _Spreads:
    """Estimates as arrays, so that a row is compared with all others at once."""

    means: Floats
    squared_errors: Floats
    """Squared standard error of each mean; NaN with a single seed."""
    seeds: Floats

    @classmethod
    def of(cls, scores: Sequence[Estimate]) -> _Spreads:
        nan = float("nan")
        seeds = np.array([s.seeds for s in scores], dtype=np.float64)
        sd = np.array([nan if s.sd is None else s.sd for s in scores], dtype=np.float64)
        means = np.array([nan if s.mean is None else s.mean for s in scores], dtype=np.float64)
        return cls(means, sd**2 / np.maximum(seeds, 1), seeds)

    def half_widths(self, i: int) -> Floats:
        """Half the interval of the differences between row `i` and every row; NaN: no interval."""
        one, other = self.squared_errors[i], self.squared_errors
        error = one + other
        widths = np.where(error == 0, 0.0, np.nan)
        open_ = error > 0
        freedom = error[open_] ** 2 / (
            one**2 / (self.seeds[i] - 1) + other[open_] ** 2 / (self.seeds[open_] - 1)
        )
        widths[open_] = stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(error[open_])
        return widths
