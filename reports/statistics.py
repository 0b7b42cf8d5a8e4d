"""Means and spreads over seeds, as a leaderboard's columns show them; what they are worth: `verdicts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number over seeds."""

    mean: float | None
    """None: no seed gave a number."""
    sd: float | None
    """Sample standard deviation (n - 1); None with fewer than two seeds."""
    seeds: int
    """How many seeds gave a number."""


def estimate(values: Sequence[float]) -> Estimate:
    """Sum up one number per seed; NaN (no number) is left out."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    mean = float(numbers.mean()) if numbers.size else None
    sd = float(numbers.std(ddof=1)) if numbers.size > 1 else None
    return Estimate(mean=mean, sd=sd, seeds=int(numbers.size))
