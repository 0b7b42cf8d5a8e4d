"""Opens ``volume:PATH``: headers at once, values the first time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.errors import DataError, UsageError
from ...benchmark.files.hashing import sha256_of
from ...benchmark.images.volumes.opening import notes_of
from ..collection.dataset import CollectionDataset
from ..collection.greys import range_as_data, settle_range, top_of_sums
from ..collection.labels import MAX_UNNAMED, Labelling, LabelMap, map_labels, object_labels
from ..collection.objects import refuse_objects
from ..collection.summing_up import starts_in_groups, sum_up
from ..collection.swapped import refuse_swapped
from ..description import Description, boundary_labels
from .checks import common_voxel_size
from .collection import Looked, Opened, Volumes, glance
from .division import divided
from .entries import Entry, Told, gather
from .gaps import settle_gap
from .measure import measure_image, measure_labels
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
    division = divided(volumes, options, gap)
    images = training_images(volumes, division, said.intensity)
    scale = settle_range(images, cache)
    looked = [_looked(volume, scale, said, cache) for volume in volumes]
    _refuse_swapped(looked, said)
    labelling = Labelling.said(said, _label_map(told, looked))
    collection = Volumes(
        dataset="volume",
        labelling=labelling,
        voxel_size_nm=voxel_size,
        has_instances=labelling.instances != "none",
        boundary_classes=boundary_labels(said, labelling.map.class_names, told.root),
        voxels="voxel",
        trained="no training section",
        advice="Another order of blocks may help: the option order.",
        first=tuple(dict.fromkeys([*spacing, *_file_notes(volumes)])),
        looked={one.volume.entry.name: one for one in looked},
        starts=_starts(volumes),
        way=_way(said, scale, images.kind),
        states={one.path: glance(one.path) for volume in volumes for one in (volume.image, volume.labels)},
        cache=cache,
    )
    images = replace(images, top=top_of_sums(scale, images.kind))
    return CollectionDataset(collection, sum_up(collection, division, images, cache), cache)


def _opened(entry: Entry, cache: Path) -> Opened:
    image, labels = open_pair(entry, cache)
    return Opened(entry=entry, image=image, labels=labels)


def _looked(volume: Opened, scale: GreyRange, said: Description, cache: Path) -> Looked:
    background, ignored = said.background or 0, said.ignore_value
    return Looked(
        volume=volume,
        image=measure_image(volume.image, scale, cache),
        labels=measure_labels(volume.labels, said.instances or "none", ignored, cache, background),
    )


def _starts(volumes: Sequence[Opened]) -> dict[str, int]:
    starts = starts_in_groups(volume.group for volume in volumes)
    return {volume.entry.name: start for volume, start in zip(volumes, starts, strict=True)}


def _way(said: Description, scale: GreyRange, kind: str) -> str:
    """Hash how values become pixels and labels."""
    none = [] if said.background is None else [said.background]
    return sha256_of([said.instances or "none", said.ignore_value, *none, range_as_data(scale, kind)])


def _refuse_swapped(looked: Sequence[Looked], said: Description) -> None:
    """Refuse images in the place of labels, of each volume by itself."""
    for one in looked:
        refuse_swapped(
            [facts.flat for facts in one.image],
            [facts.flat for facts in one.labels],
            values=None if said.instances in ("binary", "boundary") else len(one.values),
            image_place=one.volume.entry.image,
            label_place=one.volume.entry.labels,
        )


def _label_map(told: Told, looked: Sequence[Looked]) -> LabelMap:
    said = told.description
    if said.instances == "binary" or said.instances == "boundary":
        return object_labels(said, said.instances)
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
    return [*notes_of([volume for one in volumes for volume in (one.image, one.labels)])]
