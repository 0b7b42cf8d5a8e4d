"""Opens ``volume:PATH``: headers at once, values the first time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.errors import DataError, UsageError
from ...benchmark.files.hashing import sha256_of
from ...benchmark.images.intensity import describe_range
from ..collection.greys import range_as_data, top_of_sums
from ..collection.labels import MAX_UNNAMED, LabelMap, map_labels, object_labels
from ..collection.objects import background_of, look_like_objects, objects_told
from ..collection.swapped import refuse_swapped
from ..description import Description, Instances, boundary_labels
from .checks import common_voxel_size
from .contents import Looked, sum_up
from .dataset import VolumeDataset
from .division import divide
from .entries import Told, gather
from .gaps import settle_gap
from .measure import kind_of, measure_image, measure_labels
from .options import VolumeOptions
from .placing import open_pair
from .scale import settle_scale


def open_volumes(location: str | None, cache: Path, **options: OptionValue) -> VolumeDataset:
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


def _open(told: Told, options: VolumeOptions, cache: Path) -> VolumeDataset:
    said = told.description
    pairs = [open_pair(entry, cache) for entry in told.entries]
    images, masks = [image for image, _ in pairs], [mask for _, mask in pairs]
    voxel_size = common_voxel_size(images)
    options, spacing = settle_gap(told.entries, images, voxel_size, options, cache)
    division = divide(told.entries, [image.shape[0] for image in images], voxel_size, options)
    training = [division.training(number) for number in range(len(images))]
    scale = settle_scale(images, training, said.intensity, cache)
    instances = said.instances or "none"
    volumes = [
        Looked(
            entry=entry,
            image=image,
            labels=mask,
            image_facts=measure_image(image, scale, cache),
            label_facts=measure_labels(mask, instances, said.ignore_value, cache, said.background or 0),
        )
        for entry, image, mask in zip(told.entries, images, masks, strict=True)
    ]
    _refuse_swapped(volumes, instances)
    table = _label_map(told, instances, volumes)
    none = [] if said.background is None else [said.background]
    contents = sum_up(
        volumes,
        division,
        table,
        grey=scale,
        top=top_of_sums(scale, kind_of(images[0])),
        whole=options.scored == "volumes",
        numbered=instances != "none",
        boundaries=boundary_labels(said, table.class_names, told.root),
        way=sha256_of([instances, said.ignore_value, *none, range_as_data(scale, kind_of(images[0]))]),
        notes=(*spacing, *_notes(volumes, scale, said)),
    )
    return VolumeDataset(
        volumes,
        contents,
        scale=scale,
        labels=table,
        instances=instances,
        ignored=said.ignore_value,
        background=said.background or 0,
        cache=cache,
    )


def _refuse_swapped(volumes: Sequence[Looked], instances: Instances) -> None:
    """Refuse images in the place of labels, of each volume by itself."""
    for one in volumes:
        values = {value for facts in one.label_facts for value in facts.counts}
        refuse_swapped(
            [facts.flat for facts in one.image_facts],
            [facts.flat for facts in one.label_facts],
            values=len(values) if instances == "none" else None,
            image_place=one.entry.image,
            label_place=one.entry.labels,
        )


def _label_map(told: Told, instances: Instances, volumes: Sequence[Looked]) -> LabelMap:
    said = told.description
    if instances == "none":
        values = {
            one.entry.labels: {value for facts in one.label_facts for value in facts.counts}
            for one in volumes
        }
        _check_classes(told, values, volumes)
        return map_labels(told.root, said, values, by_option=told.by_options)
    return object_labels(said, instances)


def _check_classes(told: Told, values: Mapping[str, Set[int]], volumes: Sequence[Looked]) -> None:
    """Tell numbers of objects from classes."""
    said = told.description
    if said.classes is not None or said.instances == "none":
        return
    for one in volumes:
        own = values[one.entry.labels]
        none = background_of(own) if said.background is None else said.background
        pieces = [facts.pieces for facts in one.label_facts]
        left_out = {none} if said.ignore_value is None else {none, said.ignore_value}
        if look_like_objects(pieces, left_out, sections=True):
            raise DataError(objects_told(one.entry.labels, len(own) - 1, none, by_option=told.by_options))
    for source, own in values.items():
        if len(own) > MAX_UNNAMED:
            raise DataError(
                f"{source} holds {len(own)} different values: these look like numbers of single objects. Say "
                "instances=boundary, which makes object and boundary of them, or instances=binary; if they "
                "are classes, name them all."
            )


def _notes(volumes: Sequence[Looked], scale: GreyRange, said: Description) -> tuple[str, ...]:
    """Say what was done to values, and which files had to be unpacked."""
    notes = [note for one in volumes for volume in (one.image, one.labels) for note in volume.notes]
    if note := describe_range(scale, volumes[0].image.dtype, "sections", given=said.intensity is not None):
        notes.append(note)
    return tuple(dict.fromkeys(notes))
