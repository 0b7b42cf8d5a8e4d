"""Which pieces of volumes train, validate and test; an image is a volume of depth 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Generic, Literal, TypeAlias, TypeVar

from ...benchmark.contracts.data import SPLITS, Split

V = TypeVar("V")
"""What a kind of data knows a volume by."""


@dataclass(frozen=True, slots=True)
class Piece(Generic[V]):
    """Sections of a volume, or a slice of them: what becomes a case."""

    volume: V
    sections: range
    """Which of its sections it is cut from, along z, without steps."""
    axis: int = 0
    """Along which a slice is cut: 0 z, 1 y, 2 x."""
    index: int | None = None
    """The slice's place along `axis`, from the volume's own start; None: all the sections, as a volume."""
    relabel: tuple[tuple[int, int], ...] = ()
    """Labels that published work read as others: (stored, read) pairs."""

    @property
    def touched(self) -> range:
        """The sections that it shows something of."""
        return self.sections if self.index is None or self.axis else range(self.index, self.index + 1)

    def slices(self, axis: int = 0, length: int = 0) -> Iterator[Piece[V]]:
        """Cut all its sections into slices, along z or along an axis of so many px."""
        places = range(length) if axis else self.sections
        return (replace(self, axis=axis, index=index) for index in places)

    def cases(self, kind: Literal["slices", "volumes"]) -> Iterator[Piece[V]]:
        """Cut all its sections into cases: slices along z, or itself."""
        yield from [self] if kind == "volumes" else self.slices()


@dataclass(frozen=True, slots=True, kw_only=True)
class Division(Generic[V]):
    """What trains, validates and tests."""

    placed: tuple[tuple[Split, Piece[V]], ...]
    """All pieces in the order of their cases, each with its split; a piece may stand in two."""
    rule: str
    """How it came about, in words."""
    notes: tuple[str, ...] = ()
    """What a reader of scores must know of it."""

    def sections(self, split: Split) -> Iterator[tuple[V, int]]:
        """Give each section that a split shows something of, once."""
        seen = set()
        for own, piece in self.placed:
            for z in piece.touched if own == split else ():
                if (id(piece.volume), z) not in seen:
                    seen.add((id(piece.volume), z))
                    yield piece.volume, z

    def volumes(self) -> list[V]:
        """Return all volumes that it holds pieces of."""
        return list({id(piece.volume): piece.volume for _, piece in self.placed}.values())


Blocks: TypeAlias = Sequence[tuple[Split, Piece[V]]]
"""Sections of volumes by splits, not cut into cases yet."""


def division_of(
    blocks: Blocks[V],
    cases: Callable[[Split, Piece[V]], Iterable[Piece[V]]],
    rule: str,
    notes: tuple[str, ...] = (),
) -> Division[V]:
    """Cut blocks into cases, in their order."""
    placed = tuple((split, piece) for split, block in blocks for piece in cases(split, block))
    return Division(placed=placed, rule=rule, notes=notes)


def in_order(blocks: Blocks[V]) -> Blocks[V]:
    """Sort blocks by splits."""
    return sorted(blocks, key=lambda block: SPLITS.index(block[0]))


Cut = Callable[[int], Mapping[Split, Sequence[int]]]
"""Divides so many items."""


def cut_along_z(volume: V, depth: int, cut: Cut) -> list[tuple[Split, Piece[V]]]:
    """Divide one volume into blocks of sections."""
    return [(split, Piece(volume, run)) for split, sections in cut(depth).items() for run in runs(sections)]


def runs(numbers: Sequence[int]) -> Iterator[range]:
    """Split ascending numbers into ranges without gaps."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        yield range(found[0], found[-1] + 1)
