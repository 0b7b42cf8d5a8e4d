"""How many seeds, or how many units, it takes to find a difference of some size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from .resolution import Design, Spreads, resolvable

MOST_SEEDS: Final = 1_000
MOST_UNITS: Final = 100_000
"""More are as good as none: nobody has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """How scores may vary, and what follows."""

    units_sd: float | None
    """Spread over units of the difference of two models; None: unknown, so nothing is claimed of others."""
    seeds_sd: float | None
    """Spread of one model's score over seeds; None: unknown."""
    planned: float | None
    """The smallest difference that the plan as it is resolves; None: it resolves none."""
    seeds: int | None
    """Seeds of each model that resolve the wanted one with the units that there are; None: no number does."""
    units: Mapping[int, int | None]
    """Units that resolve it, by seeds of each model: as planned, but two at least, and more; None: no number
    does.  Empty where there can be no more units, or nothing is known of how scores vary with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a planned board takes."""

    dataset: str
    label_fraction: float
    training_cases: int | None = None
    """That it is a share of; None: that is not known."""
    metric: str
    difference: float
    models: int
    """On the board, comparable stored ones included."""
    seeds: int
    """Planned, of each model."""
    units: int
    """Units of the test split that scores are a sample over."""
    noun: str
    """What one is."""
    source: Literal["stored", "typical", "unknown"]
    assumed: tuple[Assumed, ...]
    """One from stored trials; the ends of a range of typical ones; none."""
    told: tuple[str, ...]
    """All of it in sentences."""


def seeds_needed(spreads: Spreads, design: Design, difference: float) -> int | None:
    """Give the fewest seeds of each model, two at least, that resolve a difference.

    Args:
        spreads: Of scores.
        design: Everything but the seeds.
        difference: In the metric's unit.

    Returns:
        How many; None if no number of seeds does, or nothing is known of how scores vary with them.
    """
    if spreads.seeds is None:
        return None
    return _fewest(lambda seeds: resolvable(spreads, replace(design, seeds=seeds)), difference, MOST_SEEDS)


def units_needed(spreads: Spreads, design: Design, difference: float) -> int | None:
    """Give the fewest units, two at least, that resolve it with the design's seeds; see `seeds_needed`."""
    if spreads.units is None:
        return None
    return _fewest(lambda units: resolvable(spreads, replace(design, units=units)), difference, MOST_UNITS)


def _fewest(resolved: Callable[[int], float | None], difference: float, most: int) -> int | None:
    """Bisect: what is resolved shrinks with the number."""

    def enough(number: int) -> bool:
        found = resolved(number)
        return found is not None and found <= difference

    if not enough(most):
        return None
    low, high = 1, most  # high is enough, low is not: with one nothing is known of the spread
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
