"""Means and spreads over seeds, as a leaderboard's columns show them; what they are worth: `verdicts`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number over seeds."""

    mean: float | None
    """None: no seed gave a number."""
    sd: float | None
    """Sample standard deviation (n - 1); None with fewer than two seeds."""
    seeds: int
    """How many seeds gave a number."""


NONE: Final = Estimate(mean=None, sd=None, seeds=0)
"""Of no seed."""


def estimates(table: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[object, ...], Estimate]:
    """Sum up the column ``value`` over seeds, by keys; NaN (no number) is left out.

    Args:
        table: One line per seed and combination of keys.
        keys: Columns, two at least: of one alone the result's keys would be no tuples.
    """
    summed = table.groupby([*keys])["value"].agg(["mean", "std", "count"])
    return {
        key: Estimate(mean=finite(mean), sd=finite(sd), seeds=seeds)
        for key, (mean, sd, seeds) in zip(
            summed.index, summed.itertuples(index=False, name=None), strict=True
        )
    }


def finite(value: float) -> float | None:
    """Write a missing number as JSON knows it."""
    return value if math.isfinite(value) else None
