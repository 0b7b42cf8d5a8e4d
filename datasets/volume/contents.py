"""Sums volumes up: cases, grey scale, and what readers of scores must know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...benchmark.contracts.data import SPLITS, Case, GreyRange, Manifest
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.hashing import sha256_of
from ...benchmark.images.volumes.volume import Volume
from ..collection.labels import LabelMap
from ..collection.summing_up import absent_class_notes, boundary_notes, grey_scale, starts_in_groups
from ..fetching.leaks import Portrait, leak_notes
from ..wording import listed
from .checks import common_voxel_size
from .division import Division, Piece
from .entries import Entry
from .facts import ImageSection, LabelSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A volume whose sections have been looked at."""

    entry: Entry
    image: Volume
    labels: Volume
    image_facts: Sequence[ImageSection]
    label_facts: Sequence[LabelSection]


@dataclass(frozen=True, slots=True)
class Place:
    """What a case is made of."""

    volume: int
    start: int
    stop: int
    """Sections from `start` to `stop`, which is not among them."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The places of cases by their ids, and the manifest that names the cases."""

    places: Mapping[str, Place]
    manifest: Manifest


def sum_up(
    volumes: Sequence[Looked],
    division: Division,
    labels: LabelMap,
    *,
    grey: GreyRange,
    top: float,
    whole: bool,
    numbered: bool,
    boundaries: tuple[int, ...],
    way: str,
    notes: Sequence[str],
) -> Contents:
    """Write the manifest.

    Args:
        volumes: All of them.
        division: Into splits.
        labels: From values to labels.
        grey: Which stored values become 0 and 1.
        top: The value that is 1 on the 0-1 scale, of the facts' sums.
        whole: Whether blocks validate and test as volumes.
        numbered: Whether labels are made of numbers of objects.
        boundaries: Labels of what is no object but lies between them.
        way: How values become pixels and labels; part of every case's hash.
        notes: What to say before all else.

    Raises:
        DataError: There is nothing to learn.
    """
    _check_foreground(volumes, division, labels)
    mean, std = _grey_scale(volumes, division, top)
    starts = starts_in_groups(_group(looked) for looked in volumes)
    made = [
        (case, place)
        for piece in division.pieces
        for case, place in _cases(volumes[piece.volume], piece, starts[piece.volume], labels, whole, way)
    ]
    manifest = Manifest(
        dataset="volume",
        class_names=labels.class_names,
        channels=1,
        mean=mean,
        std=std,
        cases=tuple(case for case, _ in made),
        ignore_value=labels.ignore_value,
        voxel_size_nm=common_voxel_size([volume.image for volume in volumes]),
        has_instances=numbered,
        boundary_classes=boundaries,
        grey_range=grey,
        label_values=None if numbered else labels.values,
        split_rule=division.rule,
        notes=(
            *notes,
            *boundary_notes(labels.class_names, boundaries),
            *division.notes,
            *leak_notes(_portraits(volumes, division)),
            *absent_class_notes(labels.class_names, _present(volumes, division, labels), "voxel"),
        ),
    )
    return Contents({case.id: place for case, place in made}, manifest)


def _cases(
    looked: Looked, piece: Piece, first_section: int, labels: LabelMap, whole: bool, way: str
) -> Iterator[tuple[Case, Place]]:
    as_volume = whole and piece.split != "train"
    for start in (piece.sections[0],) if as_volume else piece.sections:
        place = Place(piece.volume, start, piece.sections[-1] + 1 if as_volume else start + 1)
        sections = slice(place.start, place.stop)
        hashes = [
            [image.sha256, mask.sha256]
            for image, mask in zip(looked.image_facts[sections], looked.label_facts[sections], strict=True)
        ]
        name = looked.entry.name
        yield (
            Case(
                id=f"{piece.split}/{name}" + ("" if as_volume else f"/{start:04d}"),
                split=piece.split,
                depth=place.stop - place.start if as_volume else None,
                height=looked.image.shape[1],
                width=looked.image.shape[2],
                sha256=sha256_of([hashes, labels.table, way]),
                group=_group(looked),
                section=first_section + start,
            ),
            place,
        )


def _group(looked: Looked) -> str:
    return looked.entry.group or looked.entry.name


def _check_foreground(volumes: Sequence[Looked], division: Division, labels: LabelMap) -> None:
    foreground = labels.foreground
    if not any(foreground & counts.keys() for counts in _label_counts(volumes, division, "train")):
        raise DataError(
            f"no training section holds any foreground ({listed(labels.class_names[1:], 5)}), so there is "
            "nothing to learn. Another order of blocks may help: the option order."
        )


def _label_counts(volumes: Sequence[Looked], division: Division, split: str) -> Iterator[Mapping[int, int]]:
    for piece in division.pieces:
        if piece.split == split:
            yield from (volumes[piece.volume].label_facts[z].counts for z in piece.sections)


def _grey_scale(
    volumes: Sequence[Looked], division: Division, top: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of the training sections on the 0-1 scale."""
    pixels = 0
    total: float = 0
    squares: float = 0
    for number, looked in enumerate(volumes):
        sections = [looked.image_facts[z] for z in division.training(number)]
        pixels += len(sections) * looked.image.shape[1] * looked.image.shape[2]
        total += sum(section.sum for section in sections)
        squares += sum(section.squares for section in sections)
    return grey_scale(volumes[0].image.source, pixels, [total], [squares], top)


def _portraits(volumes: Sequence[Looked], division: Division) -> Iterator[Portrait]:
    """Portray the sections of each split by what is known of them."""
    for piece in division.pieces:
        looked = volumes[piece.volume]
        for z in piece.sections:
            facts = looked.image_facts[z]
            name = f"{looked.entry.name}/{z:04d}"
            yield Portrait(name=name, split=piece.split, pixels=facts.sha256, look=facts.look)


def _present(volumes: Sequence[Looked], division: Division, labels: LabelMap) -> dict[str, set[int]]:
    """Return the labels that there are in each split."""
    return {split: labels.present(_label_counts(volumes, division, split)) for split in SPLITS}
