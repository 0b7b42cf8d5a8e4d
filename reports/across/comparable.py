"""Which boards may stand in one table over data sets: equal terms, other data; and why the others may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...benchmark.contracts.records import DatasetSpec
from ...benchmark.contracts.reporting import Board
from ...benchmark.experiments.terms import TUNED_FROM, terms_over_sets
from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.printable import brief
from ..schema import Leaderboard
from ..wording import listing
from .balance import LEAST
from .schema import BoardApart

EARLIER = "the same data in an earlier state: the newest one stands for it"
TOLD = 3
"""Differences of a board that are spelled out."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A board and its table."""

    board: Board
    table: Leaderboard

    @property
    def dataset(self) -> DatasetSpec:
        """What its trials were run on."""
        return self.board.trials[0].record.spec.dataset

    @property
    def terms(self) -> dict[str, Any]:
        """On what terms they ran."""
        return terms_over_sets(self.board.trials[0].record.spec, self.board.primary.name)


@dataclass(frozen=True, slots=True)
class Family:
    """Boards on equal terms, each of other data."""

    members: tuple[Ranked, ...]
    """By name of their data."""
    apart: tuple[BoardApart, ...]
    """All other boards."""


def families(boards: Sequence[Ranked]) -> list[Family]:
    """Group boards whose scores may be averaged over data; those of one that has no partner are in none.

    Args:
        boards: The one with the newest result first.
    """
    groups: dict[str, list[Ranked]] = {}
    for one in boards:
        groups.setdefault(sha256_of(one.terms), []).append(one)
    kept = [(group, _newest(group)) for group in groups.values()]
    return [_family(group, newest, boards) for group, newest in kept if len(newest) >= LEAST]


def why_none(boards: Sequence[Ranked]) -> str:
    """Say why boards have no table in common; empty where all are of one data set."""
    if len({_data(one) for one in boards}) < LEAST:
        return ""
    first = boards[0]
    others = [one for one in boards if _data(one) != _data(first)]
    told = [f"{one.table.title} has {unlike(first.terms, one.terms)}" for one in others]
    return (
        "Nothing is averaged over data sets, since no two of them were scored on equal terms. Beside "
        f"{first.table.title}, {listing(told)}."
    )


def _data(one: Ranked) -> str:
    """Name a board's data, in whichever state."""
    return sha256_of([one.dataset.name, one.dataset.location, dict(one.dataset.options)])


def _newest(group: Sequence[Ranked]) -> list[Ranked]:
    """Keep one board of each data: what was changed since is no second data set."""
    found: dict[str, Ranked] = {}
    for one in group:
        found.setdefault(_data(one), one)
    return sorted(found.values(), key=lambda one: (one.table.dataset, one.table.title))


def _family(group: Sequence[Ranked], newest: Sequence[Ranked], boards: Sequence[Ranked]) -> Family:
    of_group, standing = {one.board for one in group}, {one.board for one in newest}
    apart = [
        BoardApart(
            board=one.table.title,
            reason=EARLIER if one.board in of_group else unlike(newest[0].terms, one.terms),
        )
        for one in boards
        if one.board not in standing
    ]
    return Family(tuple(newest), tuple(apart))


def unlike(terms: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """Say in what a board's terms are not those of a table: ``recipe.iterations 20000 instead of 300``."""
    told = list(_differences("", terms, others))
    return f"other terms: {listing(told[:TOLD])}" + (f", and {len(told) - TOLD} more" * (len(told) > TOLD))


def _differences(where: str, one: object, other: object) -> Iterator[str]:
    if one == other:
        return
    if not isinstance(one, Mapping) or not isinstance(other, Mapping) or _division(one) != _division(other):
        yield f"{where} {_shown(other)} instead of {_shown(one)}"
        return
    for key in dict.fromkeys([*one, *other]):
        name = f"{where}.{key}" if where else str(key)
        yield from _differences(name, one.get(key), other.get(key))


def _division(settings: Mapping[str, Any]) -> bool:
    """Tell a recipe that rows were tuned from, which bounds their budget, from one that they share."""
    return TUNED_FROM in settings


def _shown(value: object) -> str:
    """Write a setting; an option that only one of two has is not there in the other."""
    if isinstance(value, Mapping):  # beside rows that have each their own
        return "tuned for each row" if _division(value) else "the same for all rows"
    return "not there" if value is None else brief(value)
