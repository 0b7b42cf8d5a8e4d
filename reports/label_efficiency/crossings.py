"""Which models change places as labels get more, and whether that is sure over all boards at once.

A board's verdicts hold for its own pairs at once.  A change of places is a claim about two boards, chosen for
their verdicts out of several, so here all tests of all boards are one family: Holm's steps over them (1979),
which hold however tests depend on each other.  No verdict is surer here than on its board.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
from scipy.special import stdtr

from ..arrays import Floats
from ..verdicts.comparing import holm
from ..verdicts.schema import CONFIDENCE, Comparison, Verdict, Verdicts
from .schema import Crossing, Meeting

Pair: TypeAlias = tuple[str, str]


def meetings_of(
    boards: Sequence[Verdicts | None], names: Sequence[Mapping[str, str]]
) -> dict[Pair, tuple[Meeting, ...]]:
    """Compare all pairs of models on all boards where both have a score.

    Args:
        boards: Their verdicts, the fewest labels first; None: it has no score.
        names: By board, the names of the models here by the names of their rows there.

    Returns:
        The meetings of each pair, by its names in alphabetical order.
    """
    adjusted = _adjusted([one for one in boards if one])
    found: dict[Pair, list[Meeting]] = {}
    for amount, (board, called) in enumerate(zip(boards, names, strict=True)):
        if board is None:
            continue
        own = iter(next(adjusted).tolist())
        for one in board.comparisons:
            p = next(own)
            pair = [called.get(board.names[place]) for place in (one.one, one.other)]
            if one.other >= len(board.models) or None in pair:
                continue
            first, second = str(pair[0]), str(pair[1])
            turned = one if first < second else one.reversed()
            key = (min(first, second), max(first, second))
            found.setdefault(key, []).append(_meeting(amount, turned, None if np.isnan(p) else p))
    return {pair: tuple(own) for pair, own in found.items()}


def _adjusted(boards: Sequence[Verdicts]) -> Iterator[Floats]:
    """Adjust the p of all comparisons for each other, and give them board by board; NaN: no test."""
    tests = [np.array([_p(one) for one in board.comparisons], np.float64) for board in boards]
    if not tests:
        return
    together = holm(np.concatenate(tests))
    yield from np.split(together, np.cumsum([own.size for own in tests])[:-1])


def _p(found: Comparison) -> float:
    """Give the two-sided p of one difference for itself, as the board has it before Holm's steps."""
    if found.error is None or found.freedom is None:
        return np.nan
    return float(2 * stdtr(found.freedom, -abs(found.value / found.error)))


def _meeting(amount: int, found: Comparison, p: float | None) -> Meeting:
    sure = p is not None and p <= 1 - CONFIDENCE
    verdict: Verdict = "better" if found.value > 0 else "worse"
    return Meeting(
        amount=amount, by=found.value, verdict=found.verdict, p=p, surely=verdict if sure else None
    )


def crossings_of(pairs: dict[Pair, tuple[Meeting, ...]]) -> Iterator[Crossing]:
    """Find the pairs of which each is surely ahead of the other with some labels."""
    for (one, other), met in pairs.items():
        for sure in (True, False):
            verdicts = [own.surely if sure else own.verdict for own in met]
            if {"better", "worse"} <= {*verdicts}:
                first = next(verdict for verdict in verdicts if verdict)
                yield _crossing(one, other, met, sure=sure, turned=first == "worse")
                break


def _crossing(one: str, other: str, met: tuple[Meeting, ...], *, sure: bool, turned: bool) -> Crossing:
    if turned:
        return Crossing(one=other, other=one, sure=sure, meetings=tuple(map(_reversed, met)))
    return Crossing(one=one, other=other, sure=sure, meetings=met)


def _reversed(met: Meeting) -> Meeting:
    turned: dict[Verdict | None, Verdict | None] = {"better": "worse", "worse": "better", None: None}
    return Meeting(
        amount=met.amount,
        by=-met.by,
        verdict=turned[met.verdict],
        p=met.p,
        surely=turned[met.surely],
    )


def turned_of(pairs: dict[Pair, tuple[Meeting, ...]]) -> int | None:
    """Count the pairs whose means change their order, be it by chance; None where none could."""
    several = [met for met in pairs.values() if len(met) > 1]
    if not several:
        return None
    return sum(any(one.by * other.by < 0 for one, other in combinations(met, 2)) for met in several)
