"""Which boards are the same but for one thing, and where each stands by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..benchmark.files.hashing import sha256_of
from .across.comparable import Ranked, newest_first


def groups(
    boards: Sequence[Ranked], same: Callable[[Ranked], list[object]], place: Callable[[Ranked], float]
) -> Iterator[dict[float, Ranked]]:
    """Give the boards that are the same but for their place, by it; of several of one place the newest."""
    found: dict[str, dict[float, Ranked]] = {}
    for one in newest_first(boards):
        found.setdefault(sha256_of(same(one)), {}).setdefault(place(one), one)
    for group in found.values():
        if len(group) > 1:
            yield dict(sorted(group.items()))
