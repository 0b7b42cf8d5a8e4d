"""The dataset ``folder:PATH``."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts import Case, Manifest, Sample
from ...benchmark.errors import DataError, UsageError
from ..described import recall_description
from ..description import FILE_NAME, OF_VOLUMES, Description, is_described, refuse_keys
from ..grey_scales import BYTES
from .checks import check_not_swapped
from .gaps import settle_gap
from .index import Index, index_folder
from .labels import LabelMap, map_labels
from .layout import find_layout
from .manifest import Contents, sum_up
from .options import FolderOptions
from .splits import divide

if TYPE_CHECKING:
    from ...benchmark.pixels import Array

_DEFAULT = FolderOptions()


class FolderDataset:
    """Images and masks of a folder.

    Args:
        root: The folder.
        contents: Its pairs and manifest.
        index: The facts about its files.
        labels: How mask values become labels.
    """

    def __init__(self, root: Path, contents: Contents, index: Index, labels: LabelMap) -> None:
        self._root = root
        self._contents = contents
        self._index = index
        self._labels = labels

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
        from ...benchmark.pixels import decode_image, decode_mask

        pair = self._contents.pairs[case.id]
        image = self._unchanged(pair.image, self._index.images[pair.image].sha256)
        mask = self._unchanged(pair.mask, self._index.masks[pair.mask].sha256)
        pixels = decode_image(image, pair.image).pixels[..., : self.manifest.channels]
        return Sample(image=self._as_sample(pixels), labels=self._labels.apply(decode_mask(mask, pair.mask)))

    def _as_sample(self, pixels: Array) -> Array:
        """Turn (H, W, C) as stored into (C, H, W) uint8 or float32 between 0 and 1."""
        import numpy as np

        from ...benchmark.intensity import to_pixels

        grey = self.manifest.grey_range or BYTES
        return to_pixels(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), grey)

    def _unchanged(self, path: str, sha256: str) -> bytes:
        """Read a file and make sure that it is the one that the manifest speaks of."""
        from ...benchmark.pixels import read_bytes

        data = read_bytes(self._root / path)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DataError(
                f"{self._root / path} has changed since the dataset was opened. Run again: changed data make "
                "new trials, and those that are done stay as they are."
            )
        return data


def open_folder(
    location: str | None,
    cache: Path,
    *,
    val_share: float = _DEFAULT.val_share,
    test_share: float = _DEFAULT.test_share,
    split_seed: int = _DEFAULT.split_seed,
    gap: int = _DEFAULT.gap,
    folds: int = _DEFAULT.folds,
    fold: int = _DEFAULT.fold,
) -> FolderDataset:
    """Open ``folder:PATH``; reads files that are new or have changed since the last time.

    Args:
        location: The folder; a leading ``~`` is the home folder.
        cache: The cache folder.
        val_share: Share of an undivided folder's images that validates.
        test_share: Share of an undivided folder's images that tests.
        split_seed: In which order the three blocks of an undivided folder stand, or which groups are where.
        gap: Images left out between blocks.
        folds: Folds of a cross-validation; 0: none.
        fold: Which of them tests.

    Raises:
        UsageError: There is no location, or an option does nothing with this folder.
        DataError: Something is wrong with the folder or one of its files.
    """
    if not location:
        raise UsageError("folder needs a path: write folder:PATH, for example folder:/data/my_cells.")
    root = Path(location).expanduser()
    layout = find_layout(root)
    description = describe(root, cache)
    options = FolderOptions(
        val_share=val_share, test_share=test_share, split_seed=split_seed, gap=gap, folds=folds, fold=fold
    )
    options, spacing = settle_gap(layout, description, options, cache)
    division = divide(layout, description, options)
    division = replace(division, notes=(*division.notes, *spacing))
    index = index_folder(layout, cache)
    check_not_swapped(root, index)
    values = {path: mask.counts for path, mask in index.masks.items()}
    labels = map_labels(root, description, values)
    contents = sum_up(layout, division, description, index, labels, cache)
    return FolderDataset(root, contents, index, labels)


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
