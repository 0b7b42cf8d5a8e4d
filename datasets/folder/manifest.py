"""Sums a folder up: cases, grey scale, and what readers of scores must know."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.data import Case, Manifest, Split
from ..collection.greys import TrainingImages, mean_and_std, scale_notes, settle_range
from ..collection.labels import LabelMap
from ..collection.splits import Division
from ..collection.summing_up import absent_class_notes, boundary_notes
from ..description import Description, boundary_labels
from ..fetching.leaks import Portrait, leak_notes
from ..wording import counted
from .checks import check_foreground, check_kinds, check_sizes, decide_channels
from .facts import ImageFacts
from .index import Index
from .layout import Layout, Pair
from .splits import groups_of

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


@dataclass(frozen=True, slots=True)
class Contents:
    """A folder's pairs by case id, and the manifest that names the cases."""

    pairs: Mapping[str, Pair]
    manifest: Manifest


def sum_up(
    layout: Layout,
    division: Division[Pair],
    description: Description,
    index: Index,
    labels: LabelMap,
    cache: Path,
) -> Contents:
    """Check a folder as a whole and write its manifest.

    Raises:
        DataError: Images and masks differ in size, channels or types are mixed, nothing to learn.
    """
    root = layout.root
    check_sizes(root, layout.pairs(), index)
    channels = decide_channels(root, index.images)
    train = division.pieces["train"]
    check_foreground(root, train, index, labels)
    training = {pair.image: index.images[pair.image] for pair in train}
    boundaries = boundary_labels(description, labels.class_names, root)
    if description.intensity is None:
        check_kinds(root, index.images)
    images = _training_images(root, training, channels, description.intensity)
    grey = settle_range(images, cache)
    mean, std = mean_and_std(images, grey, *_sums(training, channels), cache)
    members = {
        f"{split}/{pair.stem}": (split, pair) for split, pairs in division.pieces.items() for pair in pairs
    }
    numbered = description.instances in ("binary", "boundary")
    way = [description.instances, description.ignore_value, description.background] if numbered else None
    groups = groups_of(layout, description)
    sorting = _Sorting(groups, bool(description.volume))
    manifest = Manifest(
        dataset="folder",
        class_names=labels.class_names,
        channels=channels,
        mean=mean,
        std=std,
        cases=tuple(
            _case(name, split, pair, index, labels, sorting, way) for name, (split, pair) in members.items()
        ),
        ignore_value=labels.ignore_value,
        has_instances=numbered,
        voxel_size_nm=_voxel_size(description),
        grey_range=grey,
        label_values=labels.values,
        boundary_classes=boundaries,
        split_rule=division.rule,
        notes=(
            *filter(None, [layout.pairing]),
            *scale_notes(grey, images.kind, "images", given=images.given is not None),
            *boundary_notes(labels.class_names, boundaries),
            *division.notes,
            *_notes(division, description, index, labels, grouped=bool(groups)),
        ),
        unread=layout.unread,
    )
    return Contents({name: pair for name, (_, pair) in members.items()}, manifest)


def _training_images(
    root: Path, training: Mapping[str, ImageFacts], channels: int, given: tuple[float, float] | None
) -> TrainingImages[str]:
    def read(path: str) -> Array:
        from ...benchmark.images.pixels import decode_image, read_bytes

        return decode_image(read_bytes(root / path), path).pixels[..., :channels]

    return TrainingImages(
        source=root,
        kind=next(iter(training.values())).kind,
        key=[image.sha256 for image in training.values()],
        places=list(training),
        read=read,
        given=given,
    )


def _sums(training: Mapping[str, ImageFacts], channels: int) -> tuple[int, list[float], list[float]]:
    """Return the number of pixels, and sums of values and of their squares per channel."""
    images = training.values()
    return (
        sum(image.height * image.width for image in images),
        [sum(image.sums[channel] for image in images) for channel in range(channels)],
        [sum(image.squares[channel] for image in images) for channel in range(channels)],
    )


@dataclass(frozen=True, slots=True)
class _Sorting:
    """Which images are not independent of each other."""

    groups: Mapping[str, str]
    volume: bool

    def group(self, stem: str) -> str | None:
        return self.groups.get(stem) or (_volume(stem) if self.volume else None)

    def section(self, stem: str) -> int | None:
        """Return a slice's number; two volumes of one subject would have the same ones."""
        numbers = re.findall(r"[0-9]+", stem) if self.volume and not self.groups else ()
        return int(numbers[-1]) if numbers else None


def _voxel_size(description: Description) -> tuple[float, ...] | None:
    size = description.voxel_size_nm
    return size * 2 if size and len(size) == 1 else size


def _case(
    name: str, split: Split, pair: Pair, index: Index, labels: LabelMap, sorting: _Sorting, way: object
) -> Case:
    image, mask = index.images[pair.image], index.masks[pair.mask]
    # The table is part of the labels: other classes from the same files are other cases.
    content = json.dumps([image.sha256, mask.sha256, labels.table, *([way] if way else [])])
    return Case(
        id=name,
        split=split,
        height=image.height,
        width=image.width,
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        group=sorting.group(pair.stem),
        section=sorting.section(pair.stem),
    )


def _volume(stem: str) -> str:
    """Return the name of a slice's volume: the stem without its last number, ``cell2_z007``: ``cell2_z``."""
    return re.sub(r"[0-9]+(?=[^0-9]*$)", "", stem).strip(" _-.") or "volume"


def _notes(
    division: Division[Pair], description: Description, index: Index, labels: LabelMap, *, grouped: bool
) -> Iterator[str]:
    """Say what the files' facts give away about the scores to come."""
    if transparent := [path for path, image in index.images.items() if image.transparent]:
        yield f"{counted(len(transparent), 'image')} had transparent pixels; the alpha channel was dropped."
    yield from leak_notes(_portraits(division, index))
    yield from absent_class_notes(labels.class_names, _present(division, index, labels))
    if description.volume is None and not grouped and _numbered(division.pieces["test"]):
        yield (
            "The test images are numbered consecutively and count as independent samples. If they are slices "
            "of a volume, set volume: true in dataset.yaml; if not, volume: false."
        )


def _portraits(division: Division[Pair], index: Index) -> Iterator[Portrait]:
    """Portray the images of each split by what the index knows of them."""
    for split, pairs in division.pieces.items():
        for pair in pairs:
            image = index.images[pair.image]
            name = f"{split}/{pair.stem}"
            yield Portrait(name=name, split=split, pixels=image.sha256, look=image.look)


def _present(division: Division[Pair], index: Index, labels: LabelMap) -> dict[str, set[int]]:
    """Return the labels that there are in each split."""
    return {
        split: labels.present(index.masks[pair.mask].counts for pair in pairs)
        for split, pairs in division.pieces.items()
    }


def _numbered(pairs: tuple[Pair, ...]) -> bool:
    """Tell whether names differ in their last number only and count up by one."""
    numbers = [re.findall(r"[0-9]+", pair.stem)[-1:] for pair in pairs]
    if len(pairs) < 2 or not all(numbers) or len({_volume(pair.stem) for pair in pairs}) > 1:
        return False
    values = [int(number) for (number,) in numbers]
    return values == list(range(values[0], values[0] + len(values)))
