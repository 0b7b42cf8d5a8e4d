"""Opens ``folder:PATH``: names and facts at once, images the first time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.errors import UsageError
from ...benchmark.files.wording import counted, listed
from ..collection.dataset import CollectionDataset
from ..collection.dividing import divide
from ..collection.division import Division, division_of
from ..collection.labels import Labelling, LabelMap, map_labels, object_labels
from ..collection.naming import subject_note
from ..collection.objects import refuse_objects
from ..collection.summing_up import sum_up
from ..described import recall_description
from ..description import FILE_NAME, OF_VOLUMES, Description, boundary_labels, is_described, refuse_keys
from ..value_options import say_values
from .checks import check_kinds, check_not_swapped, check_sizes, decide_channels
from .collection import Images, numbered, training_images
from .gaps import settle_gap
from .index import Index, index_folder, with_object_labels
from .layout import Layout, Pair, find_layout
from .options import FolderOptions
from .splits import as_named, check_parts, groups_of, is_divided, items_of, rule_of, way_of


def open_folder(location: str | None, cache: Path, **options: OptionValue) -> CollectionDataset[Pair]:
    """Open ``folder:PATH``; reads files that are new or have changed since the last time.

    Args:
        location: The folder; a leading ``~`` is the home folder.
        cache: The cache folder.
        **options: Of `FolderOptions`.

    Raises:
        UsageError: There is no location, or an option does nothing with this folder.
        DataError: Something is wrong with the folder or one of its files.
    """
    if not location:
        raise UsageError("folder needs a path: write folder:PATH, for example folder:/data/my_cells.")
    chosen = FolderOptions(**options)  # type: ignore[arg-type]  # checked against the card
    return _open(find_layout(Path(location).expanduser()), chosen, cache)


def _open(layout: Layout, options: FolderOptions, cache: Path) -> CollectionDataset[Pair]:
    root = layout.root
    said = say_values(describe(root, cache), options)
    groups = groups_of(layout, said)
    division = _divide(layout, said, options, groups, cache)
    index = index_folder(layout, cache)
    check_not_swapped(root, index)
    labels = _label_map(root, said, index)
    if said.instances in ("binary", "boundary"):
        index = with_object_labels(index, said)
    check_sizes(root, layout.pairs(), index)
    channels = decide_channels(root, index.images)
    if said.intensity is None:
        check_kinds(root, index.images)
    train, size = [pair for pair, _ in division.sections("train")], said.voxel_size_nm
    collection = Images(
        dataset="folder",
        labelling=Labelling.said(said, labels),
        channels=channels,
        voxel_size_nm=size * 2 if size and len(size) == 1 else size,
        has_instances=said.instances in ("binary", "boundary"),
        boundary_classes=boundary_labels(said, labels.class_names, root),
        unread=layout.unread,
        items="images",
        trained=f"{root}: no training mask",
        advice=f"Masks looked at: {listed(pair.mask for pair in train)}.",
        first=(layout.pairing,) if layout.pairing else (),
        root=root,
        index=index,
        groups=groups,
        slices=bool(said.volume),
        none=said.background,
    )
    images = training_images(root, train, index, channels, said.intensity)
    transparent = tuple(_transparent(index))
    division = replace(division, notes=(*division.notes, *transparent))
    last = _doubt(division, said, grouped=bool(groups))
    return CollectionDataset(collection, sum_up(collection, division, images, cache, last), cache)


def _divide(
    layout: Layout, said: Description, options: FolderOptions, groups: Mapping[str, str], cache: Path
) -> Division[Pair]:
    gap, spacing = settle_gap(layout, said, options, cache, grouped=bool(groups))
    told = () if said.groups or not groups or is_divided(layout, said) else (subject_note(groups, "image"),)
    by = "folders"
    if said.splits:
        layout, by = as_named(layout, said.splits), f"splits of {FILE_NAME}"
    check_parts(layout)
    way = way_of(layout, options, gap)
    blocks, notes = divide(items_of(layout, groups), way)
    rule = rule_of(layout, blocks, groups, way, by)
    return division_of(blocks, lambda _, block: block.slices(), rule, (*notes, *told, *spacing))


def _transparent(index: Index) -> Iterator[str]:
    if transparent := [path for path, image in index.images.items() if image.transparent]:
        yield f"{counted(len(transparent), 'image')} had transparent pixels; the alpha channel was dropped."


def _doubt(division: Division[Pair], said: Description, *, grouped: bool) -> Iterator[str]:
    """Say that test images may be slices of a volume."""
    tested = [pair for pair, _ in division.sections("test")]
    if said.volume is None and not grouped and numbered(tested):
        yield (
            "The test images are numbered consecutively and count as independent samples. If they are slices "
            "of a volume, set volume: true in dataset.yaml; if not, volume: false."
        )


def describe(root: Path, cache: Path) -> Description:
    """Read what a folder's owner says.

    Raises:
        DataError: It makes no sense, or is about volumes.
    """
    if not is_described(root):
        return Description()
    description = recall_description(root / FILE_NAME, cache)
    refuse_keys(root / FILE_NAME, description, OF_VOLUMES, f"volume:{root}")
    return description


def _label_map(root: Path, said: Description, index: Index) -> LabelMap:
    """Decide on the classes.

    Raises:
        DataError: Values do not fit the names, or look like numbers of objects and nobody says what they are.
    """
    if said.instances == "binary" or said.instances == "boundary":
        return object_labels(said, said.instances)
    values = {path: mask.counts for path, mask in index.masks.items()}
    found = {value for counts in values.values() for value in counts}
    pieces = [mask.pieces for mask in index.masks.values()]
    refuse_objects(said, root, pieces, found, sections=False, by_option=False)
    return map_labels(root, said, values)
