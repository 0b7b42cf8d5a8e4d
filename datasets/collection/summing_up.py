"""Sums a collection up: cases, grey scale, and what readers of scores must know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Some
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Generic

from ...benchmark.contracts.data import SPLITS, Manifest, Split
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.wording import listed
from ..fetching.leaks import Portrait, leak_notes
from .collection import Collection, Section
from .division import Division, Piece, V
from .greys import TrainingImages, mean_and_std, scale_notes, settle_range
from .splits import FAR


@dataclass(frozen=True, slots=True)
class Contents(Generic[V]):
    """Pieces by case id, and the manifest that names the cases."""

    pieces: Mapping[str, Piece[V]]
    manifest: Manifest


def sum_up(
    collection: Collection[V],
    division: Division[V],
    images: TrainingImages[Any],
    cache: Path,
    last: Iterable[str] = (),
) -> Contents[V]:
    """Write the manifest.

    Args:
        collection: What there is.
        division: Into splits.
        images: What trains, where its facts do not tell its scale of greys.
        cache: The cache folder.
        last: Notes that come after all else.

    Raises:
        DataError: There is nothing to learn, or all training images have one value.
    """
    labels = collection.labelling.map
    sections = {
        split: [collection.section(split, volume, z) for volume, z in division.sections(split)]
        for split in SPLITS
    }
    if not any(labels.foreground & section.counts.keys() for section in sections["train"]):
        raise DataError(
            f"{collection.trained} holds any foreground ({listed(labels.class_names[1:], 5)}), so there is "
            f"nothing to learn. {collection.advice}"
        )
    grey = settle_range(images, cache)
    mean, std = mean_and_std(images, grey, *_sums(collection, division), cache)
    cases = {collection.case(split, piece): piece for split, piece in division.placed}
    present = {split: labels.present(section.counts for section in own) for split, own in sections.items()}
    manifest = Manifest(
        dataset=collection.dataset,
        class_names=labels.class_names,
        channels=collection.channels,
        mean=mean,
        std=std,
        cases=tuple(cases),
        ignore_value=labels.ignore_value,
        voxel_size_nm=collection.voxel_size_nm,
        axes=collection.axes,
        scored_classes=collection.scored_classes,
        mask_by_truth=collection.mask_by_truth,
        has_instances=collection.has_instances,
        grey_range=grey,
        boundary_classes=collection.boundary_classes,
        label_values=labels.values,
        split_rule=division.rule,
        notes=(
            *collection.first,
            *scale_notes(grey, images.kind, collection.items, given=images.given is not None),
            *_boundary_notes(labels.class_names, collection.boundary_classes),
            *collection.rules,
            *division.notes,
            *leak_notes(_portraits(sections)),
            *absent_class_notes(labels.class_names, present, collection.voxels),
            *last,
        ),
        unread=collection.unread,
    )
    return Contents({case.id: piece for case, piece in cases.items()}, manifest)


def starts_in_groups(groups: Iterable[str]) -> list[int]:
    """Number the first sections of volumes, so that those of one group lie far apart.

    Args:
        groups: Of each volume.
    """
    seen: Counter[str] = Counter()
    starts = []
    for group in groups:
        starts.append(FAR * seen[group])
        seen[group] += 1
    return starts


def _sums(collection: Collection[V], division: Division[V]) -> tuple[int, list[float], list[float]]:
    """Return the number of training pixels, and sums of values and of their squares per channel.

    Volume by volume, and then over all, for sums of floats depend on their order.
    """
    pixels, channels = 0, range(collection.channels)
    sums: list[float] = [0 for _ in channels]
    squares: list[float] = [0 for _ in channels]
    for _, own in groupby(division.sections("train"), lambda place: id(place[0])):
        sections = [collection.section("train", volume, z) for volume, z in own]
        pixels += sum(section.area for section in sections)
        for channel in channels:
            sums[channel] += sum(section.sums[channel] for section in sections)
            squares[channel] += sum(section.squares[channel] for section in sections)
    return pixels, sums, squares


def _portraits(sections: Mapping[Split, Sequence[Section]]) -> Iterator[Portrait]:
    """Portray the sections of each split by what is known of them."""
    for split, own in sections.items():
        for one in own:
            yield Portrait(name=one.name, split=split, pixels=one.content, look=one.look)


def absent_class_notes(
    class_names: Sequence[str], present: Mapping[Split, Some[int]], what: str = "pixel"
) -> Iterator[str]:
    """Say which classes a split has nothing of: no pixel, or no voxel."""
    for split, labels in present.items():
        absent = [name for label, name in enumerate(class_names) if label not in labels]
        if absent:
            yield f"The {split} split holds no {what} of {listed(absent, 10)}."


def _boundary_notes(class_names: Sequence[str], boundaries: Some[int]) -> Iterator[str]:
    """Say which classes lie between objects."""
    if boundaries:
        names = listed([class_names[label] for label in boundaries], 10)
        yield f"Metrics of objects leave {names} out, which lies between objects."
