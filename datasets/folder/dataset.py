"""The dataset ``folder:PATH``."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.data import Case, Manifest, Sample
from ...benchmark.contracts.errors import DataError, UsageError
from ..collection.greys import BYTES
from ..collection.labels import LabelMap, map_labels, object_labels
from ..collection.objects import background_of, look_like_objects, objects_told
from ..described import recall_description
from ..description import FILE_NAME, OF_VOLUMES, Description, is_described, refuse_keys
from ..value_options import say_values
from .checks import check_not_swapped
from .gaps import settle_gap
from .index import Index, index_folder, with_object_labels
from .layout import Layout, find_layout
from .manifest import Contents, sum_up
from .options import FolderOptions
from .splits import divide

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


class FolderDataset:
    """Images and masks of a folder.

    Args:
        root: The folder.
        contents: Its pairs and manifest.
        index: The facts about its files.
        labels: How mask values become labels.
        said: What its owner says.
    """

    def __init__(
        self, root: Path, contents: Contents, index: Index, labels: LabelMap, said: Description
    ) -> None:
        self._root = root
        self._contents = contents
        self._index = index
        self._labels = labels
        self._said = said

    @property
    def manifest(self) -> Manifest:
        """What it holds."""
        return self._contents.manifest

    def read(self, case: Case) -> Sample:
        """Read one case.

        The image is (C, H, W): uint8 as it is, others scaled as the manifest says (`Manifest.grey_range`).
        The labels are (H, W) uint8.

        Raises:
            DataError: A file has gone, changed or cannot be read.
        """
        from ...benchmark.images.label_bounds import LEAST_VALUE, MOST_VALUE
        from ...benchmark.images.pixels import decode_image, decode_mask

        pair = self._contents.pairs[case.id]
        image = self._unchanged(pair.image, self._index.images[pair.image].sha256)
        mask = self._unchanged(pair.mask, self._index.masks[pair.mask].sha256)
        pixels = decode_image(image, pair.image).pixels[..., : self.manifest.channels]
        values = decode_mask(mask, pair.mask, MOST_VALUE, LEAST_VALUE)
        labels, objects = self._labelled(values)
        return Sample(image=self._as_sample(pixels), labels=labels, instances=objects)

    def _labelled(self, values: Array) -> tuple[Array, Array | None]:
        """Return the labels that are made of mask values, and the numbers of objects where they are that."""
        from ..collection.instances import numbered_from_one, to_semantic

        said = self._said
        if said.instances is None or said.instances == "none":
            return self._labels.apply(values), None
        none = said.background or 0
        labels = to_semantic(values, said.instances, said.ignore_value, none)
        return labels, numbered_from_one(values, none)

    def _as_sample(self, pixels: Array) -> Array:
        """Turn (H, W, C) as stored into (C, H, W) uint8 or float32 between 0 and 1."""
        import numpy as np

        from ...benchmark.images.intensity import to_pixels

        grey = self.manifest.grey_range or BYTES
        return to_pixels(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), grey)

    def _unchanged(self, path: str, sha256: str) -> bytes:
        """Read a file and make sure that it is the one that the manifest speaks of."""
        from ...benchmark.images.pixels import read_bytes

        data = read_bytes(self._root / path)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DataError(
                f"{self._root / path} has changed since the dataset was opened. Run again: changed data make "
                "new trials, and those that are done stay as they are."
            )
        return data


def open_folder(location: str | None, cache: Path, **options: OptionValue) -> FolderDataset:
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


def _open(layout: Layout, options: FolderOptions, cache: Path) -> FolderDataset:
    root = layout.root
    description = say_values(describe(root, cache), options)
    options, spacing = settle_gap(layout, description, options, cache)
    division = divide(layout, description, options)
    division = replace(division, notes=(*division.notes, *spacing))
    index = index_folder(layout, cache)
    check_not_swapped(root, index)
    labels = _label_map(root, description, index)
    if description.instances in ("binary", "boundary"):
        index = with_object_labels(index, description)
    contents = sum_up(layout, division, description, index, labels, cache)
    return FolderDataset(root, contents, index, labels, description)


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
    if said.classes is None and said.instances is None:
        found = {value for counts in values.values() for value in counts}
        none = background_of(found) if said.background is None else said.background
        pieces = [mask.pieces for mask in index.masks.values()]
        left_out = {none} if said.ignore_value is None else {none, said.ignore_value}
        if look_like_objects(pieces, left_out, sections=False):
            raise DataError(objects_told(root, len(found - {none}), none, by_option=False))
    return map_labels(root, said, values)
