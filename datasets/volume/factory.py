"""Opens ``volume:PATH``: headers at once, values the first time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.data import GreyRange, Manifest
from ...benchmark.contracts.errors import DataError, UsageError
from ...benchmark.files.hashing import sha256_of
from ..collection.dataset import CollectionDataset
from ..collection.dividing import divide
from ..collection.division import division_of
from ..collection.greys import range_as_data, settle_range, top_of_sums
from ..collection.labels import MAX_UNNAMED, Labelling, LabelMap, map_labels, object_labels
from ..collection.objects import refuse_objects
from ..collection.summing_up import starts_in_groups, sum_up
from ..collection.swapped import refuse_swapped
from ..description import Instances, boundary_labels
from .checks import common_voxel_size
from .collection import Looked, Opened, Volumes, glance
from .division import check_splits, items_of, rule_of, torn_groups, way_of
from .entries import Entry, Told, gather
from .gaps import settle_gap
from .measure import kind_of, measure_image, measure_labels
from .options import VolumeOptions
from .placing import open_pair
from .scale import training_images


def open_volumes(location: str | None, cache: Path, **options: OptionValue) -> CollectionDataset[Opened]:
    """Open ``volume:PATH``; every section is looked at the first time, and again when its file has changed.

    Args:
        location: A volume file, a folder with ``dataset.yaml``, or that file; ``~`` is the home folder.
        cache: The cache folder.
        **options: Of `VolumeOptions`.

    Raises:
        UsageError: There is no location, or an option is wrong or does nothing.
        DataError: Something is wrong with a file or with what it holds.
    """
    if not location:
        raise UsageError("volume needs a path: write volume[labels=FILE]:PATH, or volume:FOLDER.")
    chosen = VolumeOptions(**options)  # type: ignore[arg-type]  # checked against the card
    return _open(gather(location, chosen, cache), chosen, cache)


def _open(told: Told, options: VolumeOptions, cache: Path) -> CollectionDataset[Opened]:
    said = told.description
    volumes = [_opened(entry, cache) for entry in told.entries]
    voxel_size = common_voxel_size([volume.image for volume in volumes])
    gap, spacing = settle_gap(volumes, voxel_size, options, cache)
    check_splits(told.entries)
    way = way_of(told.entries, options, gap)
    blocks, notes = divide(items_of(volumes), way)
    notes = (*notes, *torn_groups(told.entries))
    division = division_of(
        blocks,
        lambda split, block: block.cases("slices" if split == "train" else options.scored),
        rule_of(told.entries, blocks, way),
        notes,
    )
    images = training_images(volumes, division, said.intensity)
    scale = settle_range(images, cache)
    kind = kind_of(volumes[0].image)
    labelling = Labelling(
        map=LabelMap((), (), None),
        instances=said.instances or "none",
        ignored=said.ignore_value,
        background=said.background or 0,
    )
    looked = [_looked(volume, scale, labelling, cache) for volume in volumes]
    _refuse_swapped(looked, labelling.instances)
    labelling = replace(labelling, map=_label_map(told, labelling.instances, looked))
    none = [] if said.background is None else [said.background]
    starts = starts_in_groups(volume.group for volume in volumes)
    collection = Volumes(
        told=Manifest(
            dataset="volume",
            class_names=labelling.map.class_names,
            channels=1,
            mean=(),
            std=(),
            cases=(),
            voxel_size_nm=voxel_size,
            has_instances=labelling.instances != "none",
            boundary_classes=boundary_labels(said, labelling.map.class_names, told.root),
            split_rule="",
        ),
        labelling=labelling,
        voxels="voxel",
        trained="no training section",
        advice="Another order of blocks may help: the option order.",
        first=tuple(dict.fromkeys([*spacing, *_file_notes(volumes)])),
        looked={one.volume.entry.name: one for one in looked},
        starts={volume.entry.name: start for volume, start in zip(volumes, starts, strict=True)},
        way=sha256_of([labelling.instances, said.ignore_value, *none, range_as_data(scale, kind)]),
        states={one.path: glance(one.path) for volume in volumes for one in (volume.image, volume.labels)},
        cache=cache,
    )
    images = replace(images, top=top_of_sums(scale, kind))
    return CollectionDataset(collection, sum_up(collection, division, images, cache), cache)


def _opened(entry: Entry, cache: Path) -> Opened:
    image, labels = open_pair(entry, cache)
    return Opened(entry=entry, image=image, labels=labels)


def _looked(volume: Opened, scale: GreyRange, labelling: Labelling, cache: Path) -> Looked:
    return Looked(
        volume=volume,
        image=measure_image(volume.image, scale, cache),
        labels=measure_labels(
            volume.labels, labelling.instances, labelling.ignored, cache, labelling.background
        ),
    )


def _refuse_swapped(looked: Sequence[Looked], instances: Instances) -> None:
    """Refuse images in the place of labels, of each volume by itself."""
    for one in looked:
        refuse_swapped(
            [facts.flat for facts in one.image],
            [facts.flat for facts in one.labels],
            values=len(one.values) if instances == "none" else None,
            image_place=one.volume.entry.image,
            label_place=one.volume.entry.labels,
        )


def _label_map(told: Told, instances: Instances, looked: Sequence[Looked]) -> LabelMap:
    said = told.description
    if instances != "none":
        return object_labels(said, instances)
    values = {one.volume.entry.labels: one.values for one in looked}
    for one in looked:
        source, pieces = one.volume.entry.labels, [facts.pieces for facts in one.labels]
        refuse_objects(said, source, pieces, one.values, sections=True, by_option=told.by_options)
    for source, own in values.items():
        if len(own) > MAX_UNNAMED and said.classes is None and said.instances is None:
            raise DataError(
                f"{source} holds {len(own)} different values: these look like numbers of single objects. Say "
                "instances=boundary, which makes object and boundary of them, or instances=binary; if they "
                "are classes, name them all."
            )
    return map_labels(told.root, said, values, by_option=told.by_options)


def _file_notes(volumes: Sequence[Opened]) -> list[str]:
    """Say which files had to be unpacked, and the like."""
    return [note for one in volumes for volume in (one.image, one.labels) for note in volume.notes]
