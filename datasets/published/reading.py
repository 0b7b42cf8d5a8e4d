"""Reads what datasets are published as, a section at a time: PNG files, multi-page TIFF files, HDF5."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ...benchmark.contracts.errors import DataError
from ...benchmark.contracts.published import Slices
from ...benchmark.images.pixels import Array, decode_image, decode_mask, read_bytes
from ...benchmark.images.volumes import hdf5, tiff
from ...benchmark.images.volumes.found import Stored
from ..fetching.slices import LazySlices
from ..folder.layout import natural_key


def files_in(folder: Path) -> list[Path]:
    """List the PNG files of a folder; numbers in their names are ordered by value.

    Raises:
        DataError: There are none.
    """
    found = [path for path in folder.glob("*.png") if not path.name.startswith(".")]
    if not found:
        raise DataError(f"{folder} holds no .png file. Is this the archive as it was published?")
    return sorted(found, key=lambda path: natural_key(path.name))


def pair_up(images: Path, labels: Path, key: Callable[[Path], str]) -> dict[str, tuple[Path, Path]]:
    """Pair the PNG files of two folders whose keys are equal, in the images' order.

    Raises:
        DataError: A folder is empty, two files of one have the same key, or a file has no partner.
    """
    image_of, label_of = _by_key(images, key), _by_key(labels, key)
    if lonely := sorted(image_of.keys() ^ label_of.keys()):
        raise DataError(
            f"{images} and {labels} do not pair up: {', '.join(lonely[:3])} is in one of them alone. Is this "
            "the archive as it was published?"
        )
    return {name: (path, label_of[name]) for name, path in image_of.items()}


def read_grey(path: Path) -> Array:
    """Read the first channel of a PNG or single-page TIFF, (H, W); single bits become 0 and 255.

    Raises:
        DataError: It is missing or damaged.
    """
    return decode_image(read_bytes(path), str(path)).pixels[..., 0]


def read_labels(path: Path) -> Array:
    """Read a PNG or single-page TIFF of labels, (H, W); of a palette image the palette's index is the label.

    Raises:
        DataError: It is missing or damaged, or shows colours.
    """
    return decode_mask(read_bytes(path), str(path))


def image_stack(files: Sequence[Path], read: Callable[[Path], Array] = read_grey) -> LazySlices:
    """Take image files as the sections of a volume.

    Args:
        files: One per section.
        read: Gives the (H, W) pixels of one: `read_grey` or `read_labels`.

    Raises:
        DataError: One cannot be read.
    """
    height, width = read(files[0]).shape
    return LazySlices((len(files), height, width), lambda z: read(files[z]))


def tiff_stack(path: Path) -> LazySlices:
    """Take the pages of a TIFF file as the sections of a volume, of whatever type its values are.

    Raises:
        DataError: It is missing, damaged, or holds anything but grey sections of one size.
    """
    return _sections(tiff.find(path).stored, path)


def hdf5_stack(path: Path, name: str) -> LazySlices:
    """Take a dataset of an HDF5 file as a volume, of whatever type its values are.

    Raises:
        DataError: There is no such file or dataset, or it is damaged.
    """
    return _sections(hdf5.find(path, name).stored, path)


def relabel(slices: Slices, convert: Callable[[Array], Array]) -> LazySlices:
    """Convert every section when it is read."""
    depth, height, width = slices.shape
    return LazySlices((depth, height, width), lambda z: convert(np.asarray(slices[z])))


def _by_key(folder: Path, key: Callable[[Path], str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in files_in(folder):
        if (other := found.setdefault(key(path), path)) != path:
            raise DataError(f"{other} and {path.name} are both {key(path)!r}; keep the one as published.")
    return found


def _sections(stored: Stored, path: Path) -> LazySlices:
    if len(stored.shape) != 3:
        raise DataError(f"{path} has the shape {stored.shape}, expected (sections, height, width).")
    depth, height, width = stored.shape
    native = stored.dtype.newbyteorder("=")

    def read(z: int) -> Array:
        section: Array = stored.read((slice(z, z + 1), slice(0, height), slice(0, width)))[0]
        return section.astype(native, copy=False)

    return LazySlices((depth, height, width), read)
