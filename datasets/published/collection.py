"""Volumes of a store as a collection: their facts are known, and their arrays are memory maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...benchmark.contracts.data import Case, Split
from ...benchmark.contracts.errors import DataError
from ...benchmark.contracts.published import ConvertedVolume
from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.wording import listed
from ..collection.collection import Collection, Section
from ..collection.dataset import CollectionDataset
from ..collection.division import Division, Piece
from ..collection.greys import TrainingImages
from ..collection.labels import Labelling, LabelMap
from ..collection.summing_up import starts_in_groups, sum_up
from .arrays import open_array
from .cutting import group_of
from .rules import Rules

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array

AXES = "zyx"


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrays(Collection[ConvertedVolume]):
    """Volumes of a store."""

    stems: Mapping[tuple[str, str], str]
    """A name for each volume, by its part and name."""
    starts: Mapping[tuple[str, str], int]
    """Where the sections of each volume begin in its group; single images are left out."""

    def case(self, split: Split, piece: Piece[ConvertedVolume]) -> Case:
        """Name it by its volume, and by where it lies there unless it is all of it."""
        volume, index, z = piece.volume, piece.index, piece.sections
        key = volume.part, volume.name
        start = self.starts.get(key)
        sides = [side for axis, side in enumerate((len(z), *volume.shape[1:])) if axis != piece.axis]
        place = [volume.sha256, z.start, z.stop, piece.axis, index]
        return Case(
            id=f"{split}/{self.stems[key]}{_place(piece)}",
            split=split,
            depth=len(z) if index is None else None,
            height=sides[0],
            width=sides[1],
            sha256=sha256_of(place + ([piece.relabel] if piece.relabel else [])),
            group=group_of(volume),
            section=None if start is None or index is None or piece.axis else start + index,
        )

    def section(self, split: Split, volume: ConvertedVolume, z: int) -> Section:
        """Tell what the store knows of a section."""
        facts = volume.slices[z]
        return Section(
            name=f"{self.stems[volume.part, volume.name]}-z{z:04}",
            content=f"{volume.shape[1:]} {facts.sum} {facts.squares} {facts.look}",
            look=facts.look,
            area=volume.shape[1] * volume.shape[2],
            sums=[facts.sum],
            squares=[facts.squares],
            counts=facts.counts,
        )

    def image(self, piece: Piece[ConvertedVolume]) -> Array:
        """Give a view of a memory map."""
        return _cut(piece.volume.image, piece)[None]

    def numbers(self, piece: Piece[ConvertedVolume]) -> Array:
        """Give a view of a memory map, unless labels are read as others."""
        if piece.volume.labels is None:  # only volumes with labels are divided
            raise DataError(f"{piece.volume.name} has no labels.")
        labels = _cut(piece.volume.labels, piece)
        if not piece.relabel:
            return labels
        import numpy as np

        table = np.arange(256, dtype=np.uint8)
        for stored, read in piece.relabel:
            table[stored] = read
        return np.asarray(table[labels])

    def mapped_image(self, piece: Piece[ConvertedVolume]) -> Array:
        """Give the same."""
        return self.image(piece)

    def mapped_numbers(self, piece: Piece[ConvertedVolume]) -> Array | None:
        """Give the same, where it is a view."""
        return None if piece.relabel else self.numbers(piece)

    def objects(self, piece: Piece[ConvertedVolume]) -> Array | None:
        """Give a view of the numbers of true objects."""
        return None if piece.volume.instances is None else _cut(piece.volume.instances, piece)


def open_published(
    name: str, rules: Rules, division: Division[ConvertedVolume], cache: Path
) -> CollectionDataset[ConvertedVolume]:
    """Open what a store holds of a dataset; 16-bit images are looked at for it once.

    Raises:
        DataError: A label is no class, there are no labels, or all training images have one value.
    """
    volumes = division.volumes()
    for volume in volumes:
        _check_labels(name, volume, rules)
    bits, *others = {volume.bits for volume in volumes}
    if others:
        raise DataError(f"{name} mixes 8-bit and 16-bit images, whose grey scales are not comparable.")
    collection = Arrays(
        dataset=name,
        labelling=Labelling(map=_label_map(rules)),
        voxel_size_nm=rules.voxel_size_nm,
        axes=rules.axes,
        scored_classes=rules.scored_classes,
        mask_by_truth=rules.mask_by_truth,
        has_instances=all(volume.instances for volume in volumes),
        trained=f"{name}: no training section",
        advice="Another division may help: see its options.",
        rules=rules.notes,
        stems=_stems(volumes),
        starts=_starts(volumes),
    )
    contents = sum_up(collection, division, _training_images(name, f"uint{bits}", division), cache)
    return CollectionDataset(collection, contents, cache)


def _label_map(rules: Rules) -> LabelMap:
    labels = [*range(len(rules.class_names))]
    ignored = [] if rules.ignore_value is None else [rules.ignore_value]
    return LabelMap(
        rules.class_names, tuple((label, label) for label in labels + ignored), rules.ignore_value
    )


def _training_images(name: str, kind: str, division: Division[ConvertedVolume]) -> TrainingImages[Any]:
    sections = list(division.sections("train"))
    return TrainingImages(
        source=name,
        kind=kind,
        key=[[volume.sha256, z] for volume, z in sections],
        places=sections,
        read=lambda place: open_array(place[0].image)[place[1], ..., None],
    )


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


def _stems(volumes: Sequence[ConvertedVolume]) -> dict[tuple[str, str], str]:
    """Give each volume a name of its own: with its part, where two parts have volumes of one name."""
    names = Counter(volume.name for volume in volumes)
    return {
        (volume.part, volume.name): volume.name if names[volume.name] == 1 else f"{volume.part}-{volume.name}"
        for volume in volumes
    }


def _starts(volumes: Sequence[ConvertedVolume]) -> dict[tuple[str, str], int]:
    stacks = [volume for volume in volumes if volume.shape[0] > 1]
    starts = starts_in_groups(map(group_of, stacks))
    return {(volume.part, volume.name): start for volume, start in zip(stacks, starts, strict=True)}


def _place(piece: Piece[ConvertedVolume]) -> str:
    """Say where in its volume a piece lies; nothing where it is all of it."""
    depth = piece.volume.shape[0]
    if piece.index is not None:
        return "" if depth == 1 else f"-{AXES[piece.axis]}{piece.index:04}"
    whole = len(piece.sections) == depth
    return "" if whole else f"-z{piece.sections.start:04}-{piece.sections.stop - 1:04}"


def _cut(file: Path, piece: Piece[ConvertedVolume]) -> Array:
    """Give a view of a piece."""
    places: list[slice | int] = [slice(piece.sections.start, piece.sections.stop), slice(None), slice(None)]
    if piece.index is not None:
        places[piece.axis] = piece.index
    cut: Array = open_array(file)[tuple(places)]
    return cut
