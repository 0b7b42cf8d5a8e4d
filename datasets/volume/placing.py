"""Opens an image and its labels, and brings them voxel onto voxel by where their files say that they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...benchmark.contracts.errors import DataError
from ...benchmark.images.volumes.fitting import fit, fits
from ...benchmark.images.volumes.opening import levels_of, open_volume
from ...benchmark.images.volumes.volume import Volume
from .checks import check_shapes, check_voxel_sizes
from .entries import Entry


def open_pair(entry: Entry, cache: Path) -> tuple[Volume, Volume]:
    """Open the two volumes of an entry.

    Raises:
        DataError: One cannot be read, or they do not belong to the same place; names the level that does.
    """
    image = open_volume(entry.image, cache, entry.wanted)
    labels = _open_labels(entry, image, cache)
    try:
        if entry.in_space:
            image, labels = fit(image, labels)
            if not entry.wanted.voxel_size_nm:
                check_voxel_sizes(image, labels)
        check_shapes(image, labels)
    except DataError as error:
        hint = next(_fitting_levels(entry, labels, cache), "")
        raise DataError(f"{hint}{error}") from error
    return image, labels


def _open_labels(entry: Entry, image: Volume, cache: Path) -> Volume:
    """Open labels; of an OME-Zarr the level that fits the image, or else the one of the same number."""
    levels = levels_of(entry.labels)
    usual = min(entry.wanted.level or 0, max(levels - 1, 0)) or None
    for level in range(levels) if levels > 1 else ():
        labels = open_volume(entry.labels, cache, replace(entry.labels_wanted, level=level))
        if fits(image, labels):
            return labels
    return open_volume(entry.labels, cache, replace(entry.labels_wanted, level=usual))


def _fitting_levels(entry: Entry, labels: Volume, cache: Path) -> Iterator[str]:
    """Name the levels of the image that labels would fit."""
    for level in range(levels_of(entry.image)):
        if level != (entry.wanted.level or 0):
            image = open_volume(entry.image, cache, replace(entry.wanted, level=level))
            if fits(image, labels):
                yield (
                    f"{entry.labels} fits level {level} of {entry.image}, not the one that was taken: say "
                    f"so, with the option level={level} or with level: {level} in dataset.yaml. "
                )
