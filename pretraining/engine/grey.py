"""Reads an image of unknown origin as grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.errors import DataError
from ...benchmark.images.intensity import EIGHT_BIT, to_pixels, used_range
from ...benchmark.images.pixels import Array, decode_image, read_bytes

BYTES: Final = "uint8"

Ranges = Mapping[str, GreyRange]
"""Which values become 0 and 255, by the type of the stored ones; bytes stay as they are."""


def read_grey(path: Path, ranges: Ranges) -> Array:
    """Read an image as (H, W) uint8.

    Args:
        path: The file.
        ranges: Of all types of values but bytes.

    Raises:
        DataError: It cannot be read, is not grey, or of another type than those that there are ranges for.
    """
    values = stored_grey(read_bytes(path), str(path))
    kind = kind_of(values)
    if kind != BYTES and kind not in ranges:
        raise DataError(
            f"{path} holds {kind} values, of which there were none when the folder was indexed; it was "
            "written over. Start again with the images as they are to stay."
        )
    return np.ascontiguousarray(to_pixels(values, ranges.get(kind, EIGHT_BIT)))


def stored_grey(data: bytes, name: str) -> Array:
    """Decode an image as stored (H, W) values; a colour image whose three channels are equal is grey.

    Args:
        data: The file's content.
        name: For messages; its suffix tells the format.

    Raises:
        DataError: It is damaged, coloured or transparent, or holds values that are no numbers.
    """
    raster = decode_image(data, name)
    if raster.transparent:
        raise DataError(f"{name} has transparent pixels; save it without an alpha channel.")
    grey = raster.pixels[..., 0]
    if grey.dtype.kind == "f" and not np.isfinite(raster.pixels).all():
        raise DataError(f"{name} holds NaN or infinite values; replace them, for example by the mean.")
    if np.any(raster.pixels != grey[..., None]):
        raise DataError(f"{name} is a colour picture; pre-training needs grey images. Convert or remove it.")
    return grey


def kind_of(values: Array) -> str:
    """Name the type of stored values, whatever the order of their bytes."""
    return str(values.dtype.newbyteorder("=").name)


def range_of(paths: Sequence[Path]) -> GreyRange:
    """Decide which values become 0 and 255 in images of one type; where all are one, that becomes 0.

    Raises:
        DataError: One cannot be read.
    """
    used = used_range(stored_grey(read_bytes(path), str(path)) for path in paths)
    high = used.high if used.low < used.high else used.low + 1
    return GreyRange(low=used.low, high=high, eight_bit=True)
