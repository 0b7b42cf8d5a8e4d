"""Opens image and mask files to learn the facts about them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ...benchmark.contracts.errors import DataError
from ...benchmark.images.label_bounds import LEAST_VALUE, MOST_VALUE
from ...benchmark.images.label_values import count_pieces, count_values
from ...benchmark.images.pixels import Array, decode_image, decode_mask, read_bytes
from ..fetching.facts import flat_share
from ..fetching.looks import look
from .facts import ImageFacts, MaskFacts


def measure_image(path: Path) -> ImageFacts:
    """Learn the facts about an image.

    Raises:
        DataError: It cannot be read or is of a kind that is not understood.
    """
    data = read_bytes(path)
    raster = decode_image(data, str(path))
    height, width, channels = raster.pixels.shape
    if raster.pixels.dtype.kind == "f" and not np.isfinite(raster.pixels).all():
        raise DataError(f"{path} holds NaN or infinite values; replace them, for example by the mean.")
    grey = bool(np.all(raster.pixels == raster.pixels[..., :1]))
    return ImageFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        height=height,
        width=width,
        channels=channels,
        kind=raster.pixels.dtype.newbyteorder("=").name,
        grey=grey,
        transparent=raster.transparent,
        sums=tuple(raster.pixels.sum(axis=(0, 1), dtype=_wide(raster.pixels)).tolist()),
        squares=tuple(_sums_of_squares(raster.pixels).tolist()),
        look=look(raster.pixels[..., 0] if grey else raster.pixels.mean(axis=-1, dtype=np.float32)),
        flat=flat_share(raster.pixels[..., 0]),
    )


def _sums_of_squares(pixels: Array) -> Array:
    """Return the (C,) sums of squares of (H, W, C) values, without a wide copy of them."""
    return np.asarray(np.einsum("hwc,hwc->c", pixels, pixels, dtype=_wide(pixels), casting="unsafe"))


def _wide(pixels: Array) -> type[np.uint64] | type[np.float64]:
    """Give the type that sums of 8 and 16 bit unsigned are exact in, or that others fit in."""
    exact = pixels.dtype.kind == "u" and pixels.dtype.itemsize <= 2
    return np.uint64 if exact else np.float64


def measure_mask(path: Path) -> MaskFacts:
    """Learn the facts about a mask.

    Raises:
        DataError: It cannot be read or is of a kind that is not understood.
    """
    data = read_bytes(path)
    mask = decode_mask(data, str(path), MOST_VALUE, LEAST_VALUE)
    return MaskFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        height=mask.shape[0],
        width=mask.shape[1],
        counts=count_values(mask),
        flat=flat_share(mask),
        pieces=count_pieces(mask),
    )
