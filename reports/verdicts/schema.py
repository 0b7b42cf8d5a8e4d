"""What is known of a contest's contenders: differences, places, and how far one can believe them.

All of it is numbers and names, and goes into ``leaderboard.json`` as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from ..arrays import Whole
from .contest import Direction, Scope

Verdict: TypeAlias = Literal["better", "worse"]

CONFIDENCE: Final = 0.95
"""Of all intervals and verdicts of a contest at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Where a number lies."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One contender against another; both by their positions in `Verdicts.names`.

    Differences have the sign of merit: positive where `one` is better, whichever way the metric goes.
    """

    one: int
    other: int
    value: float
    """Difference of the means."""
    low: float | None
    """Ends of the interval; the intervals of all pairs hold at once.  None: nothing varied, or nothing is
    known of how it would."""
    high: float | None
    p: float | None
    """Two-sided, adjusted for all pairs (Holm)."""
    verdict: Verdict | None
    """What `one` is, for sure; None: they cannot be told apart."""
    error: float | None
    """Standard error of the difference."""
    freedom: float | None
    """Degrees of freedom of `error`."""
    units_sd: float | None
    """Spread of the difference over units (animals, images), seeds averaged; None: too few units."""
    seeds_sd: float | None
    """Spread of the difference over seeds, one run against one; None: no contender has two seeds."""
    wins: int
    """Units in which `one` is better."""
    ties: int
    losses: int

    @property
    def interval(self) -> Interval | None:
        """Where the difference lies."""
        return None if self.low is None or self.high is None else Interval(low=self.low, high=self.high)

    def reversed(self) -> Comparison:
        """Return the same with the two exchanged."""
        turned: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}
        return replace(
            self,
            one=self.other,
            other=self.one,
            value=-self.value,
            low=None if self.high is None else -self.high,
            high=None if self.low is None else -self.low,
            verdict=self.verdict and turned[self.verdict],
            wins=self.losses,
            losses=self.wins,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The places that a model may hold among the models."""

    best: int
    """1 + the number of models that are better for sure."""
    worst: int
    """The number of models minus those that are worse for sure."""

    def __str__(self) -> str:
        """Write ``1`` or ``1-3`` (with an en dash)."""
        return str(self.best) if self.best == self.worst else f"{self.best}\N{EN DASH}{self.worst}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """All that is claimed of one contest."""

    metric: str
    direction: Direction
    names: tuple[str, ...]
    """Models best first, those of one seed below those of several; the blind contender last."""
    blind: bool
    """Whether the last contender is the best prediction that looks at no image."""
    scope: Scope
    confidence: float
    """Of all intervals and verdicts of the contest at once."""
    comparisons: tuple[Comparison, ...]
    """Of each pair, by `one` and then `other`; `one` stands before `other` in `names`."""
    places: tuple[Placed, ...]
    """Of the models, in the order of `names`."""
    seeds: tuple[int, ...]
    """Of the models."""
    units_sd: float | None
    """Spread over units of the difference of two models, of all pairs of models together."""
    seeds_sd: float | None
    """Spread over seeds of one model's score, of all models together."""
    means: tuple[Interval | None, ...]
    """Of each contender's mean for itself, in the order of `names`; None: nothing is known of its spread."""
    alike: float = 1.0
    """In how many independent ways models differ over units, as a share of those there would be (models less
    one) if all varied alike."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the contenders that are models."""
        return self.names[: len(self.names) - self.blind]

    def between(self, one: int, other: int) -> Comparison:
        """Compare two different contenders, by their positions."""
        if one > other:
            return self.between(other, one).reversed()
        return self.comparisons[one * len(self.names) - one * (one + 1) // 2 + other - one - 1]

    def signs(self) -> Whole:
        """Say who is surely better than whom: 1, -1 or 0 (not told apart) by row and column, (N, N)."""
        return signs_of(self.comparisons, len(self.names))

    @property
    def skilled(self) -> bool | None:
        """Whether some model is better for sure than the best blind prediction; None: there is none."""
        if not self.blind:
            return None
        blind = len(self.names) - 1
        return any(self.between(model, blind).verdict == "better" for model in range(blind))

    @property
    def leader(self) -> str | None:
        """The model that is better for sure than all others, and than the blind; None: nobody leads."""
        if not self.places or self.places[0].worst > 1:
            return None
        blind = len(self.names) - 1
        skilled = not self.blind or self.between(0, blind).verdict == "better"
        return self.names[0] if skilled else None


def signs_of(pairs: Sequence[Comparison], contenders: int) -> Whole:
    """Say who is surely better than whom: 1, -1 or 0 by row and column, (N, N).

    Args:
        pairs: Of each contender with each later one.
        contenders: How many there are, N.
    """
    signs = {"better": 1, "worse": -1, None: 0}
    found = np.zeros((contenders, contenders), np.int64)
    found[np.triu_indices(contenders, k=1)] = [signs[pair.verdict] for pair in pairs]
    return found - found.T
