"""Which boards may stand in one table over data sets: equal terms, other data; and why the others may not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...benchmark.contracts.records import DatasetSpec
from ...benchmark.contracts.reporting import Board
from ...benchmark.experiments.label_counts import number_of
from ...benchmark.experiments.terms import TUNED_FROM, terms_over_sets
from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.printable import brief
from ..schema import Leaderboard
from ..wording import listing
from .balance import LEAST, balanced
from .schema import BoardApart

EARLIER = "the same data in an earlier state: the newest one stands for it"
SPARSE = "too few of the models on its data set's other boards have scores on it"
TOLD = 3
"""Differences of a board that are spelled out."""
_LABEL: Final = re.compile(r"([^\[:]*)(?:\[(.*?)\])?(.*)", re.DOTALL)
"""Name, options and place of data."""


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

    @property
    def labelled(self) -> int | None:
        """How many training images are labelled; None: all, no whole number of them, or it is not known."""
        known = {trial.record.spec.dataset.training_cases for trial in self.board.trials}
        cases, share = next((one for one in known if one), None), self.table.label_fraction
        if cases is None or share == 1:
            return None
        number = number_of(share, cases)
        return number if number / cases == share else None

    @property
    def counted_terms(self) -> dict[str, Any]:
        """As `terms`, with the number of labelled images in the place of their share."""
        terms = self.terms
        share = terms.pop("label_fraction")
        rest = "all" if share == 1 else f"{100 * share:g} %"
        return {"labelled_images": rest if self.labelled is None else self.labelled, **terms}


def newest_first(boards: Iterable[Ranked]) -> list[Ranked]:
    """Order boards by their newest results."""
    return sorted(boards, key=lambda one: one.board.finished, reverse=True)


@dataclass(frozen=True, slots=True)
class DataSet:
    """One source of data with its boards: several where it was scored in folds or in parts.

    Their images are the same or of one kind, so they count as one data set: as several independent ones they
    would make claims surer than they are.  A model's score on it is the mean over the boards.
    """

    boards: tuple[Ranked, ...]
    """By title."""

    @property
    def first(self) -> Ranked:
        """The board whose rules stand for all: terms are equal."""
        return self.boards[0]

    @property
    def name(self) -> str:
        """What the data are called."""
        return common_label([one.table.dataset for one in self.boards])


@dataclass(frozen=True, slots=True)
class Family:
    """Data sets whose boards are on equal terms."""

    members: tuple[DataSet, ...]
    """By name."""
    apart: tuple[BoardApart, ...]
    """All other boards."""
    labelled: int | None = None
    """Labelled images of each, where it is their number that is equal, and not their share."""


def families(boards: Sequence[Ranked]) -> list[Family]:
    """Group boards whose scores may be averaged over data; those of one that has no partner are in none.

    Labels are on equal terms if their share is equal, or else their number, which of data of unlike size are
    not the same: a board may be in two families.
    """
    shares = _grouped(boards, lambda one: one.terms)
    counts = _grouped([one for one in boards if one.labelled is not None], lambda one: one.counted_terms)
    known = [{id(one) for one in group} for group in shares]
    more = [group for group in counts if not any({id(one) for one in group} <= own for own in known)]
    kept = [
        (group, _data_sets(group), counted) for counted in (False, True) for group in (shares, more)[counted]
    ]
    return [
        _family(group, sets, boards, counted=counted) for group, sets, counted in kept if len(sets) >= LEAST
    ]


def _grouped(boards: Sequence[Ranked], terms: Callable[[Ranked], Mapping[str, Any]]) -> list[list[Ranked]]:
    groups: dict[str, list[Ranked]] = {}
    for one in boards:
        groups.setdefault(sha256_of(terms(one)), []).append(one)
    return [*groups.values()]


def why_none(boards: Sequence[Ranked]) -> str:
    """Say why boards have no table in common; empty where all are of one data set."""
    if len({_source(one) for one in boards}) < LEAST:
        return ""
    first = boards[0]
    others = [one for one in boards if _source(one) != _source(first)]
    told = [f"{one.table.title} has {_unlike(first, one)}" for one in others]
    return (
        "Nothing is averaged over data sets, since no two of them were scored on equal terms. Beside "
        f"{first.table.title}, {listing(told)}."
    )


def common_label(labels: Sequence[str]) -> str:
    """Write the name of data that differ in options alone, without these: ``folder[folds=5]:cells``."""
    (name, options, place), *others = (_parts(label) for label in labels)
    common = [one for one in options if all(one in other for _, other, _ in others)]
    return f"{name}[{','.join(common)}]{place}" if common else f"{name}{place}"


def _parts(label: str) -> tuple[str, list[str], str]:
    found = _LABEL.fullmatch(label)
    assert found is not None  # noqa: S101 - for the type: it takes any text
    name, options, place = found.groups()
    return name, options.split(",") if options else [], place


def _source(one: Ranked) -> str:
    """Name where a board's data come from, whatever their options."""
    return sha256_of([one.dataset.name, one.dataset.location])


def _data(one: Ranked) -> str:
    """Name a board's data, in whichever state."""
    return sha256_of([one.dataset.name, one.dataset.location, dict(one.dataset.options)])


def _data_sets(group: Sequence[Ranked]) -> list[DataSet]:
    """Put the boards of one source together, of each data the newest: what was changed since is no other."""
    found: dict[str, dict[str, Ranked]] = {}
    for one in newest_first(group):
        found.setdefault(_source(one), {}).setdefault(_data(one), one)
    sets = [_complete(sorted(of.values(), key=lambda one: one.table.title)) for of in found.values()]
    return sorted(sets, key=lambda one: (one.name, one.first.table.title))


def _complete(boards: Sequence[Ranked]) -> DataSet:
    """Keep the boards of one source that have enough models in common to be one data set."""
    on = [dict.fromkeys(row.common_identity or "" for row in one.table.scored) for one in boards]
    models = dict.fromkeys(model for held in on for model in held if model)
    scored = {model: frozenset(i for i, held in enumerate(on) if model in held) for model in models}
    block = balanced(scored, len(boards))
    places = block.sets if block else [max(range(len(boards)), key=lambda place: len(on[place]))]
    return DataSet(tuple(boards[place] for place in places))


def _family(
    group: Sequence[Ranked], sets: Sequence[DataSet], boards: Sequence[Ranked], *, counted: bool
) -> Family:
    standing = {one.board for of_set in sets for one in of_set.boards}
    known = {_data(one) for of_set in sets for one in of_set.boards}
    first = sets[0].first

    def reason(one: Ranked) -> str:
        if one not in group:
            return _unlike(first, one, counted=counted)
        return EARLIER if _data(one) in known else SPARSE

    apart = [
        BoardApart(board=one.table.title, reason=reason(one)) for one in boards if one.board not in standing
    ]
    return Family(tuple(sets), tuple(apart), first.labelled if counted else None)


def _unlike(one: Ranked, other: Ranked, *, counted: bool = False) -> str:
    """Say in what two boards differ, in numbers of labelled images where both have one."""
    if counted or (one.labelled is not None and other.labelled is not None):
        return unlike(one.counted_terms, other.counted_terms)
    return unlike(one.terms, other.terms)


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
