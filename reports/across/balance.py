"""The part of a grid of models and data sets in which nothing is missing: no score is made up for a gap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

LEAST = 2
"""Models, and data sets, of a comparison."""


@dataclass(frozen=True, slots=True)
class Block:
    """Models and data sets of which every combination has a score."""

    models: tuple[str, ...]
    sets: tuple[int, ...]


def balanced(scored: Mapping[str, frozenset[int]], sets: int) -> Block | None:
    """Choose the models that have a score on all data sets.

    Where fewer than two do, data sets are dropped as well: the block with the most scores stands, of several
    the one with more data sets.

    Args:
        scored: By model, the positions of the data sets that it has a score on.
        sets: How many data sets there are.

    Returns:
        None where no two models share two data sets.
    """
    everything = frozenset(range(sets))
    whole = _block(scored, everything)
    if len(whole.models) >= LEAST:
        return whole
    found = [_block(scored, common) for common in _candidates(scored)]
    return max(found, key=lambda block: (len(block.models) * len(block.sets), len(block.sets)), default=None)


def _candidates(scored: Mapping[str, frozenset[int]]) -> Iterator[frozenset[int]]:
    """Give the data sets that at least two models share, each collection once, in a fixed order."""
    patterns = Counter(scored.values())
    shared = {
        one & other
        for one, other in combinations_with_replacement(patterns, 2)
        if (one != other or patterns[one] >= LEAST) and len(one & other) >= LEAST
    }
    yield from sorted(shared, key=sorted)


def _block(scored: Mapping[str, frozenset[int]], sets: frozenset[int]) -> Block:
    models = tuple(model for model, known in scored.items() if known >= sets)
    return Block(models, tuple(sorted(sets)))
