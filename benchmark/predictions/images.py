"""The images and volumes that are to be segmented."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..contracts.data import GreyRange
from ..contracts.errors import DataError
from ..files.litter import is_litter
from ..files.regular import check_links
from ..images.intensity import EIGHT_BIT, to_pixels
from ..images.pixels import decode_image, read_bytes
from .asked import Box
from .jpeg import JPEG_SUFFIXES, is_jpeg, read_jpeg
from .label_maps import is_readable, suffixes_at
from .pairs import by_stem, some
from .volume_files import file_of, files_in, is_folder, open_slabs

if TYPE_CHECKING:
    from ..evaluation.slabs import Slabs

Array: TypeAlias = np.ndarray[Any, Any]


def find_images(places: Sequence[Path]) -> dict[str, Path]:
    """Give the named images, and all images in named folders, by their names without suffix.

    Raises:
        DataError: A place is not there or holds no image, or two images have the same name.
    """
    found = {image.resolve(): image for place in places for image in _images(place)}
    return by_stem(found.values())


def read_image(path: Path, channels: int) -> Array:
    """Read an image as stored, (C, H, W).

    Args:
        path: PNG, JPEG, or TIFF of one page.
        channels: How many the network takes.

    Raises:
        DataError: It cannot be read, its channels do not fit, or it holds values that are no numbers.
    """
    pixels = read_jpeg(path) if is_jpeg(path) else decode_image(read_bytes(path), str(path)).pixels
    if channels == 1 and np.all(pixels == pixels[..., :1]):
        pixels = pixels[..., :1]  # grey, saved as colours
    if pixels.shape[-1] != channels:
        raise DataError(
            f"{path} has {pixels.shape[-1]} channels, and the network takes {channels}; "
            f"{'save it as a grey image' if channels == 1 else 'choose other weights'}."
        )
    return checked(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), path)


def open_pixels(path: Path, channels: int, box: Box | None = None) -> Slabs:
    """Open a volume (Z, Y, X), to be read as stored in slabs.

    Args:
        path: What `volume_files.is_volume` takes.
        channels: How many the network takes.
        box: The part that is meant; None: the whole.

    Raises:
        DataError: It cannot be read, also where a slab is read, or holds no numbers.
    """
    if channels != 1:
        raise DataError(f"{path} is a grey volume, and the network takes {channels} channels.")
    volume = open_slabs(path, box=box)
    if volume.dtype.kind not in "uif":
        raise DataError(
            f"{path} holds {volume.dtype} values; expected whole numbers or floats. Is it a mask?"
        )
    return volume


def in_pixels(volume: Slabs, grey: GreyRange, path: Path) -> Slabs:
    """Give a volume's slabs as what networks are given."""
    return volume if volume.dtype == np.uint8 and grey == EIGHT_BIT else _Pixels(volume, grey, path)


class _Pixels:
    """A volume whose slabs are scaled as they are read."""

    def __init__(self, volume: Slabs, grey: GreyRange, path: Path) -> None:
        self._volume, self._grey, self._path = volume, grey, path
        self.shape = volume.shape
        self.dtype = np.dtype(np.uint8 if grey.eight_bit else np.float32)

    def __getitem__(self, index: slice) -> Array:
        return to_pixels(checked(self._volume[index], self._path), self._grey)


def checked(values: Array, path: Path) -> Array:
    """Refuse values that are no numbers.

    Raises:
        DataError: There are some.
    """
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError(f"{path} holds NaN or infinite values; replace them, for example by the mean.")
    return values


def unread(places: Sequence[Path]) -> list[str]:
    """Say what in the named folders is no image, and that folders in them are not looked into."""
    notes = []
    for place in (place for place in places if is_folder(place)):
        taken = set(_images(place))
        others = [path for path in sorted(place.iterdir()) if path not in taken and not is_litter(path.name)]
        names = [path.name + ("/" if path.is_dir() else "") for path in others]
        if names:
            notes.append(f"not read in {place}: {len(names)} other file(s) or folder(s), {some(names)}")
    return notes


def _images(place: Path) -> list[Path]:
    if not file_of(place).exists():
        raise DataError(f"{place} is not there; check the path.")
    suffixes, files = (*suffixes_at(place), *JPEG_SUFFIXES), files_in(place)
    found = [path for path in files if is_readable(path, suffixes)]
    if not found:
        inside = f"; it holds {some([path.name for path in files])}" if is_folder(place) and files else ""
        raise DataError(f"there is no image at {place}{inside}; expected {', '.join(suffixes)}.")
    if is_folder(place):
        check_links(place, found)
    return found
