"""Sums volumes up: cases, grey scale, and what readers of scores must know."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...benchmark.contracts import Case, Manifest
from ...benchmark.errors import DataError
from ...benchmark.hashing import sha256_of
from ...benchmark.volume_readers.volume import Volume
from ..folder.labels import IGNORED, LabelMap
from ..folder.wording import counted, listed
from .checks import common_voxel_size
from .division import SPLITS, Division, Piece
from .entries import Entry
from .facts import ImageSection, LabelSection

FAR: int = 10_000
"""Volumes of one group are numbered as if they lay so many sections apart: they do not touch."""


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
    top: float,
    whole: bool,
    numbered: bool,
    way: str,
    notes: Sequence[str],
) -> Contents:
    """Write the manifest.

    Args:
        volumes: All of them.
        division: Into splits.
        labels: From values to labels.
        top: The value that is 1 on the 0-1 scale, of the facts' sums.
        whole: Whether blocks validate and test as volumes.
        numbered: Whether labels are made of numbers of objects.
        way: How values become pixels and labels; part of every case's hash.
        notes: What to say before all else.

    Raises:
        DataError: There is nothing to learn.
    """
    _check_foreground(volumes, division, labels)
    mean, std = _grey_scale(volumes, division, top)
    made = [
        (case, place)
        for piece in division.pieces
        for case, place in _cases(volumes, piece, labels, whole, way)
    ]
    manifest = Manifest(
        dataset="volume",
        class_names=labels.class_names,
        channels=1,
        mean=(mean,),
        std=(std,),
        cases=tuple(case for case, _ in made),
        ignore_value=labels.ignore_value,
        voxel_size_nm=common_voxel_size([volume.image for volume in volumes]),
        has_instances=numbered,
        split_rule=division.rule,
        notes=(
            *notes,
            *division.notes,
            *_leaks(volumes, division),
            *_absent_classes(volumes, division, labels),
        ),
    )
    return Contents({case.id: place for case, place in made}, manifest)


def _cases(
    volumes: Sequence[Looked], piece: Piece, labels: LabelMap, whole: bool, way: str
) -> Iterator[tuple[Case, Place]]:
    looked = volumes[piece.volume]
    as_volume = whole and piece.split != "train"
    starts = (piece.sections[0],) if as_volume else piece.sections
    for start in starts:
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
                group=looked.entry.group or name,
                section=_first_section(volumes, piece.volume) + start,
            ),
            place,
        )


def _first_section(volumes: Sequence[Looked], number: int) -> int:
    """Return where a volume begins among those of its group, laid end to end with much between them."""
    group = volumes[number].entry.group
    before = [one for one in volumes[:number] if group and one.entry.group == group]
    return sum(one.image.shape[0] + FAR for one in before)


def _check_foreground(volumes: Sequence[Looked], division: Division, labels: LabelMap) -> None:
    foreground = {value for value, label in labels.table if label not in (0, IGNORED)}
    if not any(foreground & counts.keys() for counts in _label_counts(volumes, division, "train")):
        raise DataError(
            f"no training section holds any foreground ({listed(labels.class_names[1:], 5)}), so there is "
            "nothing to learn. Another order of blocks may help: the option order."
        )


def _label_counts(volumes: Sequence[Looked], division: Division, split: str) -> Iterator[Mapping[int, int]]:
    for piece in division.pieces:
        if piece.split == split:
            yield from (volumes[piece.volume].label_facts[z].counts for z in piece.sections)


def _grey_scale(volumes: Sequence[Looked], division: Division, top: float) -> tuple[float, float]:
    """Return mean and standard deviation of the training sections on the 0-1 scale.

    Raises:
        DataError: They hold one value everywhere.
    """
    pixels, total, squares = 0, 0.0, 0.0
    for number, looked in enumerate(volumes):
        sections = [looked.image_facts[z] for z in division.training(number)]
        pixels += len(sections) * looked.image.shape[1] * looked.image.shape[2]
        total += sum(section.sum for section in sections)
        squares += sum(section.squares for section in sections)
    mean = total / pixels
    variance = squares / pixels - mean**2
    if variance <= 1e-12 * top**2:
        raise DataError(
            "all training sections have one and the same value everywhere; are they exported well?"
        )
    return mean / top, math.sqrt(variance) / top


def _leaks(volumes: Sequence[Looked], division: Division) -> Iterator[str]:
    """Find training sections that come back, value for value, in another split."""
    hashes: dict[str, list[str]] = {split: [] for split in SPLITS}
    for piece in division.pieces:
        hashes[piece.split] += [volumes[piece.volume].image_facts[z].sha256 for z in piece.sections]
    trained = set(hashes["train"])
    for split in ("val", "test"):
        copies = sum(sha256 in trained for sha256 in hashes[split])
        if copies:
            number = counted(copies, f"{split} section")
            yield f"The train split holds copies of {number}: scores are optimistic."


def _absent_classes(volumes: Sequence[Looked], division: Division, labels: LabelMap) -> Iterator[str]:
    """Find classes that a split has no voxel of."""
    label_of = dict(labels.table)
    for split in SPLITS:
        present = {label_of[value] for counts in _label_counts(volumes, division, split) for value in counts}
        absent = [name for label, name in enumerate(labels.class_names) if label not in present]
        if absent:
            yield f"The {split} split holds no voxel of {listed(absent, 10)}."
