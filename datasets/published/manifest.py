"""Sums a division of a published dataset up: cases, grey scale, and what readers of scores must know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ...benchmark.contracts.data import Case, Manifest, Split
from ...benchmark.contracts.errors import DataError
from ...benchmark.contracts.published import ConvertedVolume
from ...benchmark.files.hashing import sha256_of
from ..collection.division import Piece, group_of
from ..collection.greys import TrainingImages, mean_and_std, scale_notes, settle_range
from ..collection.splits import Division
from ..collection.summing_up import absent_class_notes, starts_in_groups
from ..fetching.leaks import Portrait, leak_notes
from ..wording import listed
from .arrays import open_array
from .rules import Rules

AXES = "zyx"


def make_manifest(
    name: str, rules: Rules, division: Division[Piece], cache: Path
) -> tuple[Manifest, Mapping[str, Piece]]:
    """Write a dataset's manifest; 16-bit images are looked at for it once.

    Returns:
        The manifest, and the pieces by case id.

    Raises:
        DataError: A label is no class, there are no labels, or all training images have one value.
    """
    placed = [(split, piece) for split, pieces in division.pieces.items() for piece in pieces]
    volumes = {id(piece.volume): piece.volume for _, piece in placed}
    for volume in volumes.values():
        _check_labels(name, volume, rules)
    bits, *others = {volume.bits for volume in volumes.values()}
    if others:
        raise DataError(f"{name} mixes 8-bit and 16-bit images, whose grey scales are not comparable.")
    starts, stems = _starts(volumes.values()), _stems(volumes.values())
    cases, pieces = [], {}
    for split, piece in placed:
        volume = piece.volume
        case = _case(split, piece, stems[volume.part, volume.name], starts.get((volume.part, volume.name)))
        cases.append(case)
        pieces[case.id] = piece
    sections = list(_sections(division.pieces["train"]))
    images = TrainingImages(
        source=name,
        kind=f"uint{bits}",
        key=[[volume.sha256, z] for volume, z in sections],
        places=sections,
        read=lambda place: open_array(place[0].image)[place[1], ..., None],
    )
    grey = settle_range(images, cache)
    mean, std = mean_and_std(images, grey, *_sums(sections), cache)
    manifest = Manifest(
        dataset=name,
        class_names=rules.class_names,
        channels=1,
        mean=mean,
        std=std,
        cases=tuple(cases),
        ignore_value=rules.ignore_value,
        voxel_size_nm=rules.voxel_size_nm,
        axes=rules.axes,
        scored_classes=rules.scored_classes,
        mask_by_truth=rules.mask_by_truth,
        has_instances=all(volume.instances for volume in volumes.values()),
        grey_range=grey,
        split_rule=division.rule,
        notes=(
            *scale_notes(grey, images.kind, "sections"),
            *rules.notes,
            *division.notes,
            *absent_class_notes(rules.class_names, _present(division)),
            *leak_notes(_portraits(division, stems)),
        ),
    )
    return manifest, pieces


def _check_labels(name: str, volume: ConvertedVolume, rules: Rules) -> None:
    if volume.labels is None:
        raise DataError(f"{name}: {volume.part}/{volume.name} has no labels, so it can be in no split.")
    known = {*range(len(rules.class_names)), rules.ignore_value}
    strange = {value for slice_ in volume.slices for value in slice_.counts} - known
    if strange:
        raise DataError(
            f"{name}: {volume.part}/{volume.name} holds the label(s) {listed(sorted(strange))}, expected 0 "
            f"to {len(rules.class_names) - 1}; fetch the dataset again, or report it to the adapter's author."
        )


def _stems(volumes: Iterable[ConvertedVolume]) -> dict[tuple[str, str], str]:
    """Give each volume a name of its own: with its part, where two parts have volumes of one name."""
    volumes = list(volumes)
    names = Counter(volume.name for volume in volumes)
    return {
        (volume.part, volume.name): volume.name if names[volume.name] == 1 else f"{volume.part}-{volume.name}"
        for volume in volumes
    }


def _starts(volumes: Iterable[ConvertedVolume]) -> dict[tuple[str, str], int]:
    """Say where the sections of each volume begin in its group; single images are left out."""
    stacks = [volume for volume in volumes if volume.shape[0] > 1]
    starts = starts_in_groups(map(group_of, stacks))
    return {(volume.part, volume.name): start for volume, start in zip(stacks, starts, strict=True)}


def _case(split: Split, piece: Piece, stem: str, start: int | None) -> Case:
    depth, height, width = _sides(piece)
    along_z = piece.axis == 0 and piece.index is not None
    place = [piece.volume.sha256, piece.sections.start, piece.sections.stop, piece.axis, piece.index]
    return Case(
        id=f"{split}/{stem}{_place(piece)}",
        split=split,
        depth=depth,
        height=height,
        width=width,
        sha256=sha256_of(place + ([piece.relabel] if piece.relabel else [])),
        group=group_of(piece.volume),
        section=start + piece.index if along_z and start is not None and piece.index is not None else None,
    )


def _sides(piece: Piece) -> tuple[int | None, int, int]:
    """Return depth (None of a slice), height and width, px."""
    shape = (len(piece.sections), *piece.volume.shape[1:])
    if piece.index is None:
        return shape
    height, width = (side for axis, side in enumerate(shape) if axis != piece.axis)
    return None, height, width


def _place(piece: Piece) -> str:
    """Say where in its volume a piece lies; nothing where it is all of it."""
    depth = piece.volume.shape[0]
    if piece.index is not None:
        return "" if depth == 1 else f"-{AXES[piece.axis]}{piece.index:04}"
    whole = len(piece.sections) == depth
    return "" if whole else f"-z{piece.sections.start:04}-{piece.sections.stop - 1:04}"


def _sections(pieces: Iterable[Piece]) -> Iterator[tuple[ConvertedVolume, int]]:
    """Give each section that pieces are cut from, once."""
    seen = set()
    for piece in pieces:
        along_z = piece.axis == 0 and piece.index is not None
        for z in [piece.index] if along_z and piece.index is not None else piece.sections:
            key = (piece.volume.part, piece.volume.name, z)
            if key not in seen:
                seen.add(key)
                yield piece.volume, z


def _sums(sections: Iterable[tuple[ConvertedVolume, int]]) -> tuple[int, list[float], list[float]]:
    """Return the number of pixels, and the sum of values and of their squares."""
    pixels, total, squares = 0, 0, 0
    for volume, z in sections:
        pixels += volume.shape[1] * volume.shape[2]
        total += volume.slices[z].sum
        squares += volume.slices[z].squares
    return pixels, [total], [squares]


def _portraits(division: Division[Piece], stems: Mapping[tuple[str, str], str]) -> Iterator[Portrait]:
    """Portray the sections of each split by what the store knows of them."""
    for split, pieces in division.pieces.items():
        for volume, z in _sections(pieces):
            facts = volume.slices[z]
            yield Portrait(
                name=f"{stems[volume.part, volume.name]}-z{z:04}",
                split=split,
                pixels=f"{volume.shape[1:]} {facts.sum} {facts.squares} {facts.look}",
                look=facts.look,
            )


def _present(division: Division[Piece]) -> dict[str, set[int]]:
    """Return the labels that there are in each split."""
    return {
        split: {value for volume, z in _sections(pieces) for value in volume.slices[z].counts}
        for split, pieces in division.pieces.items()
    }
