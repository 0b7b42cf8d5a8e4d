"""Tells masks that belong to other images than theirs, or are mirrored, turned or of another section.

Every mask is laid over every image of its size (`fits.fit_all`).  A mask that fits another image clearly
better than its own is told together with that image; so is one that fits its own image better mirrored or
turned, and one that fits its image no better than when it is moved about by chance, where the others do.

Measured on VNC, CDeep3M, the examples of CEM500K, photographs of particles and neurons in a FIB-SEM: masks
fit their own images by 0.3 to 4, and other images by at most 0.75, or 1.2 where these are neighbours in a
volume.  No mask fitted another image better than its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .fits import Chance, by_chance, fit, fit_all, turned
from .lags import Lag, find_lag
from .sketches import Sketch

Array = np.ndarray[Any, Any]

LEAST_GAIN: Final = 0.2
LEAST_RATIO: Final = 1.5
LEAST_BEYOND: Final = 6.0
"""A better fit must be better by so much, by this factor, and by so many standard deviations of chance."""
USUALLY_BEYOND: Final = 8.0
"""So far beyond chance a mask would fit if it fitted as others do, before it is told that it does not."""
HARDLY_BEYOND: Final = 1.0
PERMUTATIONS: Final = 999
LEAST_FOR_ALL: Final = 5
"""So many masks must be looked at before it is said that none fits its image."""
NO_BETTER: Final = 0.05
"""Share of permutations that fit as well, from which on masks fit their images no better than others."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A mask that fits another image better than its own."""

    mask: int
    """Which sketch."""
    image: int
    here: float
    """How well it fits its own image."""
    there: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A mask that fits its own image better turned."""

    mask: int
    words: str
    here: float
    there: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """What was seen of which masks belong to which images."""

    sketches: tuple[Sketch, ...]
    compared: int
    """Masks that were laid over images."""
    exchanges: tuple[Exchange, ...] = ()
    turns: tuple[Turn, ...] = ()
    strays: tuple[int, ...] = ()
    """Masks that fit no image, while the others fit theirs."""
    lag: Lag | None = None
    chance: float | None = None
    """Share of permutations in which masks fit their images as well; None: no two images are of one size."""
    lost: bool = False
    """Whether masks as a whole fit their images no better than others, or than moved about."""


def find_belonging(sketches: Sequence[Sketch]) -> Belonging:
    """Lay every mask over every image of its size."""
    table = fit_all(sketches)
    own = np.diag(table)
    masks = {place: sketch.edges for place, sketch in enumerate(sketches) if sketch.edges is not None}
    chances = {mask: by_chance(sketches[mask].maps, edges) for mask, edges in masks.items()}
    exchanges = [_exchange(sketches, table, mask, edges, chances[mask]) for mask, edges in masks.items()]
    known = {found.mask for found in exchanges if found}
    rest = [mask for mask in masks if mask not in known]
    turns = [_turn(sketches[mask], mask, masks[mask], chances[mask]) for mask in rest]
    known |= {found.mask for found in turns if found}
    rest = [mask for mask in rest if mask not in known]
    by_chance_alone = [mask for mask in rest if own[mask] <= chances[mask].top]
    permuted = _permuted(table[np.ix_(list(masks), list(masks))])
    return Belonging(
        sketches=tuple(sketches),
        compared=len(masks),
        exchanges=tuple(filter(None, exchanges)),
        turns=tuple(filter(None, turns)),
        strays=_strays(own, chances, rest),
        lag=find_lag(sketches, table),
        chance=permuted,
        lost=len(masks) >= LEAST_FOR_ALL
        and len(by_chance_alone) > len(masks) / 2
        and (permuted is None or permuted > NO_BETTER),
    )


def _strays(own: Array, chances: Mapping[int, Chance], rest: Sequence[int]) -> tuple[int, ...]:
    """Find masks that fit as if moved about, though right ones with such edges would not."""
    usual = float(np.median(own[list(chances)])) if chances else 0.0
    return tuple(
        mask
        for mask in rest
        if chances[mask].beyond(own[mask]) <= HARDLY_BEYOND and chances[mask].beyond(usual) >= USUALLY_BEYOND
    )


def _exchange(
    sketches: Sequence[Sketch], table: Array, mask: int, edges: Array, chance: Chance
) -> Exchange | None:
    here = float(table[mask, mask])
    others = table[:, mask].copy()
    others[mask] = -np.inf
    image = int(np.nanargmax(others))
    there = float(others[image])
    if not _is_better(here, there, chance):
        return None
    found = by_chance(sketches[image].maps, edges)
    return Exchange(mask, image, here, there) if _is_better(here, there, found) else None


def _is_better(here: float, there: float, chance: Chance) -> bool:
    far = there - here >= max(LEAST_GAIN, LEAST_BEYOND * chance.spread) and there >= LEAST_RATIO * here
    return far and chance.beyond(there) >= LEAST_BEYOND


def _turn(sketch: Sketch, mask: int, edges: Array, chance: Chance) -> Turn | None:
    here = fit(sketch.maps, edges)
    fits = {words: fit(sketch.maps, other) for words, other in turned(sketch, edges).items()}
    words, there = max(fits.items(), key=lambda one: one[1])
    return Turn(mask, words, here, there) if _is_better(here, there, chance) else None


def _permuted(fits: Array) -> float | None:
    """Return the share of permutations, of images of one size, in which masks fit as well as they do.

    One permutation is that which is there.  None: there is no other.
    """
    random = np.random.default_rng(0)
    number = len(fits)
    own = np.diag(fits).sum()
    groups = [np.flatnonzero(row) for row in np.unique(np.isfinite(fits), axis=0)]
    if all(len(group) < 2 for group in groups):
        return None
    as_good = 1
    for _ in range(PERMUTATIONS):
        order = np.arange(number)
        for group in groups:
            order[group] = random.permutation(group)
        as_good += bool(fits[order, np.arange(number)].sum() >= own - 1e-9)
    return as_good / (PERMUTATIONS + 1)
