"""The images and volumes that are to be segmented."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import DataError
from ..files.litter import is_litter
from ..files.regular import check_links
from ..pixels import decode_image, read_bytes, to_float_scale
from .label_maps import suffixes_at
from .pairs import by_stem, some
from .volume_files import open_volume

if TYPE_CHECKING:
    from ..evaluation.slabs import Slabs

Array: TypeAlias = np.ndarray[Any, Any]


def find_images(places: Sequence[Path]) -> dict[str, Path]:
    """Give the named images, and all images in named folders, by their names without suffix.

    Raises:
        DataError: A place is not there or holds no image, or two images have the same name.
    """
    return by_stem({image.resolve(): image for place in places for image in _images(place)}.values())


def read_image(path: Path, channels: int) -> Array:
    """Read an image for a network.

    Args:
        path: PNG, or TIFF of one page.
        channels: How many the network takes.

    Returns:
        (C, H, W): uint8 as it is, 16-bit values as float32 divided by 65535, as in training.

    Raises:
        DataError: It cannot be read, or its channels or bit depth do not fit.
    """
    return to_float_scale(_image(path, channels))


def open_pixels(path: Path, channels: int) -> Slabs:
    """Open a volume (Z, Y, X) for a network, to be read in slabs; its values become as those of images.

    Args:
        path: A file that `volume_files.is_volume` takes.
        channels: How many the network takes.

    Raises:
        DataError: It cannot be read, or its bit depth does not fit; also where a slab is read.
    """
    volume = open_volume(path)
    if channels != 1:
        raise DataError(f"{path} is a grey volume, and the network takes {channels} channels.")
    kind = volume.dtype.newbyteorder("=")
    if kind not in (np.uint8, np.uint16):
        raise DataError(f"{path} holds {volume.dtype} values; expected 8 or 16 bit unsigned. Convert it.")
    return volume if kind == np.uint8 else _FloatScale(volume)


class _FloatScale:
    """A volume of 16 bit, its slabs on the 0-1 scale."""

    dtype = np.dtype(np.float32)

    def __init__(self, volume: Slabs) -> None:
        self._volume = volume
        self.shape = volume.shape

    def __getitem__(self, index: slice) -> Array:
        return to_float_scale(self._volume[index])


def unread(places: Sequence[Path]) -> list[str]:
    """Say what in the named folders is no image, and that folders in them are not looked into."""
    notes = []
    for place in (place for place in places if place.is_dir()):
        taken = set(_images(place))
        others = [path for path in sorted(place.iterdir()) if path not in taken and not is_litter(path.name)]
        names = [path.name + ("/" if path.is_dir() else "") for path in others]
        if names:
            notes.append(f"not read in {place}: {len(names)} other file(s) or folder(s), {some(names)}")
    return notes


def _images(place: Path) -> list[Path]:
    if not place.exists():
        raise DataError(f"{place} is not there; check the path.")
    suffixes = suffixes_at(place)
    files = [path for path in place.iterdir() if not path.is_dir()] if place.is_dir() else [place]
    found = [path for path in files if path.name.lower().endswith(suffixes) and not is_litter(path.name)]
    if not found:
        inside = f"; it holds {some([path.name for path in files])}" if place.is_dir() and files else ""
        raise DataError(f"there is no image at {place}{inside}; expected {', '.join(suffixes)}.")
    if place.is_dir():
        check_links(place, found)
    return found


def _image(path: Path, channels: int) -> Array:
    pixels = decode_image(read_bytes(path), str(path)).pixels
    if channels == 1 and np.all(pixels == pixels[..., :1]):
        pixels = pixels[..., :1]  # grey, saved as colours
    if pixels.shape[-1] != channels:
        raise DataError(
            f"{path} has {pixels.shape[-1]} channels, and the network takes {channels}; "
            f"{'save it as a grey image' if channels == 1 else 'choose other weights'}."
        )
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
