"""Reads an image of unknown origin as 8-bit grey."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import DataError
from ..pixels import Array, decode_image, read_bytes

FROM_16_BIT = 257
"""65535 / 255."""


def read_grey(path: Path) -> Array:
    """Read an image as (H, W) uint8.

    See `to_grey`.

    Raises:
        DataError: It cannot be read, or is not grey.
    """
    return to_grey(read_bytes(path), str(path))


def to_grey(data: bytes, name: str) -> Array:
    """Decode an image as (H, W) uint8.

    16-bit values are divided by 257, so that the full range stays the full range.  A colour image whose three
    channels are equal is grey.

    Args:
        data: The file's content.
        name: For messages; its suffix tells the format.

    Raises:
        DataError: It is damaged, coloured or transparent.
    """
    raster = decode_image(data, name)
    if raster.transparent:
        raise DataError(f"{name} has transparent pixels; save it without an alpha channel.")
    grey = raster.pixels[..., 0]
    if np.any(raster.pixels != grey[..., None]):
        raise DataError(f"{name} is a colour picture; pre-training needs grey images. Convert or remove it.")
    if grey.dtype == np.uint16:
        grey = ((grey.astype(np.uint32) + FROM_16_BIT // 2) // FROM_16_BIT).astype(np.uint8)
    return np.ascontiguousarray(grey)
