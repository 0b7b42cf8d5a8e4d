"""The images and volumes that are to be segmented."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..errors import DataError
from ..pixels import decode_image, read_bytes, to_float_scale
from .label_maps import SUFFIXES
from .pairs import by_stem, some
from .volume_files import is_volume, read_volume

Array: TypeAlias = np.ndarray[Any, Any]


def find_images(places: Sequence[Path]) -> dict[str, Path]:
    """Give the named images, and all images in named folders, by their names without suffix.

    Raises:
        DataError: A place is not there or holds no image, or two images have the same name.
    """
    return by_stem({image.resolve(): image for place in places for image in _images(place)}.values())


def read_pixels(path: Path, channels: int) -> Array:
    """Read an image or a volume for a network.

    Args:
        path: PNG, TIFF, NRRD or NIfTI.
        channels: How many the network takes.

    Returns:
        (C, H, W), or (Z, Y, X): uint8 as it is, 16-bit values as float32 divided by 65535, as in training.

    Raises:
        DataError: It cannot be read, or its channels or bit depth do not fit.
    """
    return to_float_scale(_volume(path, channels) if is_volume(path) else _image(path, channels))


def _images(place: Path) -> list[Path]:
    if not place.exists():
        raise DataError(f"{place} is not there; check the path.")
    files = [path for path in place.iterdir() if path.is_file()] if place.is_dir() else [place]
    found = [path for path in files if path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")]
    if not found:
        inside = f"; it holds {some([path.name for path in files])}" if place.is_dir() and files else ""
        raise DataError(f"there is no image at {place}{inside}; expected {', '.join(SUFFIXES)}.")
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


def _volume(path: Path, channels: int) -> Array:
    volume = read_volume(path)
    if channels != 1:
        raise DataError(f"{path} is a grey volume, and the network takes {channels} channels.")
    if volume.dtype not in (np.uint8, np.uint16) or volume.size == 0:
        raise DataError(
            f"{path} holds {volume.dtype} values {volume.shape}; expected 8 or 16 bit unsigned. Convert it."
        )
    return volume
