"""Which pieces of a published dataset's volumes train, validate and test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from ...benchmark.contracts.data import Split
from ...benchmark.contracts.published import ConvertedVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What becomes a case: a slice of a volume, or some or all of its sections as a volume."""

    volume: ConvertedVolume
    sections: range
    """Which of its sections it is cut from, along z, without steps."""
    axis: int = 0
    """Along which a slice is cut: 0 z, 1 y, 2 x."""
    index: int | None = None
    """The slice's place along `axis`, from the volume's own start; None: all the sections, as a volume."""
    relabel: tuple[tuple[int, int], ...] = ()
    """Labels that published work read as others: (stored, read) pairs."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive sections of a volume."""

    volume: ConvertedVolume
    sections: range

    def slices(self, axes: Iterable[int] = (0,)) -> Iterator[Piece]:
        """Cut it into all its slices along each of the axes."""
        for axis in axes:
            places = self.sections if axis == 0 else range(self.volume.shape[axis])
            for index in places:
                yield Piece(volume=self.volume, sections=self.sections, axis=axis, index=index)

    def whole(self) -> Piece:
        """Take it as a volume."""
        return Piece(volume=self.volume, sections=self.sections)

    def cases(self, kind: Literal["slices", "volumes"]) -> Iterator[Piece]:
        """Cut it into test cases, as `Rules.scored` says: its slices along z, or itself."""
        yield from [self.whole()] if kind == "volumes" else self.slices()


def whole(volume: ConvertedVolume) -> Block:
    """Take all sections of a volume."""
    return Block(volume, range(volume.shape[0]))


Cut = Callable[[int, int], Mapping[Split, Sequence[int]]]
"""Divides so many items, with so many between blocks left out."""


def cut_volumes(volumes: Sequence[ConvertedVolume], cut: Cut, gap: int) -> dict[Split, list[Block]]:
    """Divide each volume along z."""
    divided: dict[Split, list[Block]] = {}
    for volume in volumes:
        for split, sections in cut(volume.shape[0], gap).items():
            divided.setdefault(split, []).extend(Block(volume, run) for run in _runs(sections))
    return divided


def cut_list(units: Sequence[Sequence[ConvertedVolume]], cut: Cut, gap: int) -> dict[Split, list[Block]]:
    """Divide a sequence of volumes, or of groups of them, that stay whole."""
    return {
        split: [whole(volume) for place in places for volume in units[place]]
        for split, places in cut(len(units), gap).items()
    }


def by_group(volumes: Iterable[ConvertedVolume]) -> list[list[ConvertedVolume]]:
    """Put volumes of one group together, in the order in which groups first appear."""
    groups: dict[str, list[ConvertedVolume]] = {}
    for volume in volumes:
        groups.setdefault(group_of(volume), []).append(volume)
    return list(groups.values())


def group_of(volume: ConvertedVolume) -> str:
    """Name what a volume is not independent of; its own name where nothing else is said."""
    return volume.group or f"{volume.part}/{volume.name}"


def _runs(numbers: Sequence[int]) -> Iterator[range]:
    """Split ascending numbers into ranges without gaps."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        yield range(found[0], found[-1] + 1)
