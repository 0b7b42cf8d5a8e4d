"""The smallest difference that can be found, and what more seeds or more units would buy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, sqrt
from statistics import median_low
from typing import Final

from scipy.special import stdtrit

from .schema import CONFIDENCE, Verdicts

POWER: Final = 0.8
"""How often a difference of the smallest size that counts as resolved is found."""
SEEDS: Final = (2, 3, 5, 10, 20, 50)
"""What is looked at beyond the seeds that there are."""
TIMES: Final = (1.5, 2.0, 4.0)
"""How many times the units that there are."""
LARGER: Final = ("groups", "cases", "sets")
"""What there may be more of: a volume has no more blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreads:
    """How scores vary, in the metric's unit."""

    units: float | None
    """Standard deviation over units of the difference of two models; None: units are no part of the claim."""
    seeds: float | None
    """Standard deviation of one model's score over its seeds; None: seeds are no part of the claim."""
    alike: float = 1.0
    """As `Verdicts.alike`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How large a contest is."""

    models: int
    units: int
    seeds: int
    pairs: int
    """Comparisons that the level is shared out to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What so many seeds and units resolve."""

    seeds: int
    units: int
    difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a contest resolves, and what it would with more."""

    now: Resolved
    more_seeds: tuple[Resolved, ...]
    """By the number of seeds, everything else as it is."""
    more_units: tuple[Resolved, ...]


def resolvable(spreads: Spreads, design: Design) -> float | None:
    """Give the smallest true difference of two models that is found in `POWER` of all repetitions.

    Args:
        spreads: Of scores.
        design: Seeds are of each model.

    Returns:
        A difference in the metric's unit; None if nothing is known of how scores vary.
    """
    parts: list[tuple[float, float]] = []
    if spreads.units is not None and design.units > 1:
        directions = max(1.0, spreads.alike * (design.models - 1))
        parts.append((spreads.units**2 / design.units, directions * (design.units - 1)))
    if spreads.seeds is not None and design.seeds > 1:
        parts.append((2 * spreads.seeds**2 / design.seeds, design.models * (design.seeds - 1)))
    variance = sum(part for part, _ in parts)
    if not variance:
        return None
    freedom = variance / sum(part / degrees for part, degrees in parts)
    level = (1 - CONFIDENCE) / (2 * design.pairs)
    return float(stdtrit(freedom, 1 - level) + stdtrit(freedom, POWER)) * sqrt(variance)


def resolution(verdicts: Verdicts) -> Resolution | None:
    """Say what a contest resolves; None if nothing is known of how scores vary, or there is one contender."""
    if not verdicts.comparisons or not verdicts.seeds:
        return None
    design = Design(
        models=len(verdicts.models),
        units=verdicts.scope.units,
        seeds=median_low(verdicts.seeds),
        pairs=len(verdicts.comparisons),
    )
    if design.seeds == 1 and verdicts.seeds_sd is not None:
        design = replace(design, seeds=max(verdicts.seeds))
    now = _resolved(verdicts, design)
    if now is None:
        return None
    return Resolution(
        now=now,
        more_seeds=tuple(_more(verdicts, _with_seeds(verdicts, design))),
        more_units=tuple(_more(verdicts, _with_units(verdicts, design))),
    )


def _with_seeds(verdicts: Verdicts, design: Design) -> Iterator[Design]:
    if verdicts.seeds_sd is not None:
        yield from (replace(design, seeds=seeds) for seeds in SEEDS if seeds > design.seeds)


def _with_units(verdicts: Verdicts, design: Design) -> Iterator[Design]:
    if verdicts.scope.kind in LARGER:
        yield from (replace(design, units=ceil(times * design.units)) for times in TIMES)


def _more(verdicts: Verdicts, designs: Iterator[Design]) -> Iterator[Resolved]:
    yield from filter(None, (_resolved(verdicts, design) for design in designs))


def _resolved(verdicts: Verdicts, design: Design) -> Resolved | None:
    spreads = Spreads(units=verdicts.units_sd, seeds=verdicts.seeds_sd, alike=verdicts.alike)
    found = resolvable(spreads, design)
    if found is None:
        return None
    return Resolved(seeds=design.seeds, units=design.units, difference=found)
