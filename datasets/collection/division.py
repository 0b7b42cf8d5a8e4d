"""Which pieces of volumes train, validate and test; an image is a volume of depth 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, Literal, TypeVar

from ...benchmark.contracts.data import Split

V = TypeVar("V")
"""What a kind of data knows a volume by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece(Generic[V]):
    """What becomes a case: a slice of a volume, or some or all of its sections as a volume."""

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


@dataclass(frozen=True, slots=True)
class Block(Generic[V]):
    """Consecutive sections of a volume."""

    volume: V
    sections: range

    def slices(self) -> Iterator[Piece[V]]:
        """Cut it into its sections."""
        return (Piece(volume=self.volume, sections=self.sections, index=z) for z in self.sections)

    def whole(self) -> Piece[V]:
        """Take it as a volume."""
        return Piece(volume=self.volume, sections=self.sections)

    def cases(self, kind: Literal["slices", "volumes"]) -> Iterator[Piece[V]]:
        """Cut it into cases: its sections, or itself."""
        yield from [self.whole()] if kind == "volumes" else self.slices()


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


def placed(pieces: Mapping[Split, Iterable[Piece[V]]]) -> tuple[tuple[Split, Piece[V]], ...]:
    """Put pieces that are sorted by splits in a row."""
    return tuple((split, piece) for split, own in pieces.items() for piece in own)


Cut = Callable[[int], Mapping[Split, Sequence[int]]]
"""Divides so many items."""


def cut_along_z(volume: V, depth: int, cut: Cut) -> list[tuple[Split, Block[V]]]:
    """Divide one volume into blocks of sections."""
    return [(split, Block(volume, run)) for split, sections in cut(depth).items() for run in runs(sections)]


def runs(numbers: Sequence[int]) -> Iterator[range]:
    """Split ascending numbers into ranges without gaps."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        yield range(found[0], found[-1] + 1)
