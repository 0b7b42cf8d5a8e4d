"""The best of n trials: what so many are expected to find, over all orders in which they could have run.

After Dodge et al. 2019 (doi 10.18653/v1/D19-1224), drawn without replacement (Tang et al. 2020, doi
10.18653/v1/2020.acl-main.246): the mean over all orderings of what was tried, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb
from typing import Final

PARTS: Final = 40
"""One of so many orderings is below an interval, and one above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best of so many trials."""

    trials: int
    mean: float | None
    """Over all orderings; None: in some of them none of the first so many has a score."""
    low: float | None
    """The interval holds what 95 % of the orderings find."""
    high: float | None
    so_far: float | None
    """The best of the first so many in the order in which they ran; None: none of them has a score."""


def expected_best(scores: Sequence[float | None], *, higher: bool) -> tuple[Best, ...]:
    """Say what 1, 2, ... trials find.

    Args:
        scores: Of every trial that was paid for, in the order in which they ran; None: it has none.
        higher: Whether more is better.
    """
    sign = 1 if higher else -1
    known = sorted(sign * score for score in scores if score is not None)
    lacking, found = len(scores) - len(known), []
    reached: float | None = None
    for trials, score in enumerate(scores, start=1):
        if score is not None:
            reached = sign * score if reached is None else max(reached, sign * score)
        mean, low, high = _over_orderings(known, len(scores), trials) if trials > lacking else (None,) * 3
        low, high = (low, high) if higher else (high, low)
        found.append(
            Best(
                trials=trials,
                mean=_signed(sign, mean),
                low=_signed(sign, low),
                high=_signed(sign, high),
                so_far=_signed(sign, reached),
            )
        )
    return tuple(found)


def _over_orderings(known: Sequence[float], count: int, drawn: int) -> tuple[float, float, float]:
    """Give mean and interval of the largest of some values drawn without replacement.

    Args:
        known: Ascending; the values.
        count: Of these and of others that are smaller than any.
        drawn: How many; more than there are of the others.
    """
    ways = comb(count, drawn)
    largest = [
        comb(count - len(known) + i, drawn - 1) for i in range(len(known))
    ]  # ways in which this one is
    mean = sum(chosen * value for chosen, value in zip(largest, known, strict=True)) / ways
    at_most = [*accumulate(largest)]
    low, high = (
        next(value for value, up_to in zip(known, at_most, strict=True) if PARTS * up_to >= part * ways)
        for part in (1, PARTS - 1)
    )
    return mean, low, high


def _signed(sign: int, value: float | None) -> float | None:
    return None if value is None else sign * value
