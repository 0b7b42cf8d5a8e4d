"""The images of a dataset, one by one: cases, and sections of cases that are volumes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...benchmark.contracts.data import Case
from ...benchmark.images.spread import spread
from ..collection.splits import FAR

RUN: Final = 8
"""So many neighbours are chosen together."""


@dataclass(frozen=True, slots=True)
class Place:
    """An image of a dataset: a case, or a section of one."""

    case: Case
    section: int | None
    series: str
    """Images that stand in an order: those of one volume, or all that are of none."""
    number: int
    """In that order."""

    @property
    def name(self) -> str:
        """For people."""
        return self.case.id if self.section is None else f"{self.case.id}, section {self.section}"

    @property
    def stacked(self) -> bool:
        """Tell whether it is a section of a volume."""
        return self.section is not None or self.case.section is not None


def places_of(cases: Iterable[Case]) -> list[Place]:
    """List the images of cases, in their order."""
    cases = list(cases)
    single = sorted((case for case in cases if not _is_stacked(case)), key=_by_name)
    numbers = {case.id: number for number, case in enumerate(single)}
    return [place for case in cases for place in _of_case(case, numbers.get(case.id, 0))]


def _is_stacked(case: Case) -> bool:
    return case.depth is not None or case.section is not None


def _by_name(case: Case) -> tuple[list[tuple[str, int]], str]:
    """Sort names without their splits, numbers by value."""
    name = case.id.removeprefix(f"{case.split}/")
    pieces = re.findall(r"([^0-9]*)([0-9]*)", name)
    return [(text, int(digits or 0)) for text, digits in pieces], case.split


def _of_case(case: Case, number: int) -> Iterator[Place]:
    if not _is_stacked(case):
        yield Place(case, None, "", number)
        return
    volume, first = divmod(case.section or 0, FAR)
    series = case.id if case.section is None else f"{case.group}/{volume}"
    if case.depth is None:
        yield Place(case, None, series, first)
        return
    yield from (Place(case, z, series, first + z) for z in range(case.depth))


def in_runs(places: Sequence[Place], number: int) -> list[Place]:
    """Choose about so many images, the same share of every series, in runs of neighbours evenly spread."""
    series: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        series[place.series].append(place)
    chosen: list[Place] = []
    for members in spread(list(series.values()), max(1, number // RUN)):
        in_order = sorted(members, key=lambda place: place.number)
        runs = [in_order[start : start + RUN] for start in range(0, len(in_order), RUN)]
        share = max(1, number // len(series) // RUN)
        chosen += [place for run in spread(runs, share) for place in run]
    return chosen


def each_once(places: Iterable[Place]) -> list[Place]:
    """Leave out what comes again, as where the val split serves as test split."""
    first: dict[tuple[str, str, int | None], Place] = {}
    for place in places:
        name = place.case.id.removeprefix(f"{place.case.split}/")
        first.setdefault((place.case.sha256, name, place.section), place)
    return list(first.values())
