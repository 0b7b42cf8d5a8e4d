"""Cuts volumes as they were published, and puts them together by groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...benchmark.contracts.data import Split
from ...benchmark.contracts.published import ConvertedVolume
from ..collection.division import Cut, Piece, cut_along_z

Blocks = list[tuple[Split, Piece[ConvertedVolume]]]


def whole(volume: ConvertedVolume) -> Piece[ConvertedVolume]:
    """Take all sections of a volume."""
    return Piece(volume, range(volume.shape[0]))


def as_published(split: Split, volumes: Iterable[ConvertedVolume]) -> Blocks:
    """Put whole volumes into a split."""
    return [(split, whole(volume)) for volume in volumes]


def slices_along(block: Piece[ConvertedVolume], axes: Iterable[int]) -> Iterator[Piece[ConvertedVolume]]:
    """Cut a block into all its slices along each of the axes: 0 z, 1 y, 2 x."""
    for axis in axes:
        yield from block.slices(axis, block.volume.shape[axis])


def cut_volumes(volumes: Iterable[ConvertedVolume], cut: Cut) -> Blocks:
    """Divide each volume along z."""
    return [block for volume in volumes for block in cut_along_z(volume, volume.shape[0], cut)]


def cut_list(units: Sequence[Sequence[ConvertedVolume]], cut: Cut) -> Blocks:
    """Divide a sequence of volumes, or of groups of them, that stay whole."""
    return [
        (split, whole(volume))
        for split, places in cut(len(units)).items()
        for place in places
        for volume in units[place]
    ]


def by_group(volumes: Iterable[ConvertedVolume]) -> list[list[ConvertedVolume]]:
    """Put volumes of one group together, in the order in which groups first appear."""
    groups: dict[str, list[ConvertedVolume]] = {}
    for volume in volumes:
        groups.setdefault(group_of(volume), []).append(volume)
    return list(groups.values())


def group_of(volume: ConvertedVolume) -> str:
    """Name what a volume is not independent of; its own name where nothing else is said."""
    return volume.group or f"{volume.part}/{volume.name}"
