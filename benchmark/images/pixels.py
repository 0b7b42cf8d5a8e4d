"""Decodes PNG and TIFF: image files into grey or colour values, mask files into label values."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..contracts.errors import DataError
from ..files.decoding import reading
from ..files.limits import check_claim, limit_bytes
from ..files.png_guard import check_png
from ..files.regular import check_regular, read_regular, shown
from ..files.tiff_guard import open_tiff_bytes
from .label_values import check_range, whole_labels
from .orientation import TAG, turn_of
from .tiff_pages import decode_page

Array: TypeAlias = np.ndarray[Any, Any]

# tifffile also logs what it raises.
logging.getLogger("tifffile").addHandler(logging.NullHandler())
Image.MAX_IMAGE_PIXELS = None  # `files.limits` goes before Pillow's own limit, and can be raised

BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What Pillow and tifffile raise for a damaged file."""

MOST_LABEL: Final = 65535
"""The largest label value."""


@dataclass(frozen=True, slots=True)
class Raster:
    """A decoded image."""

    pixels: Array
    """(H, W, C), whole numbers or floats; C is 1 or 3."""
    transparent: bool
    """Whether an alpha channel was dropped that is not opaque everywhere."""


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        DataError: It cannot be read, is no regular file, or is over the limit for one piece.
    """
    size = check_regular(path).st_size
    check_claim(size, shown(path), "a file")
    return read_regular(path, max(size, limit_bytes()))


def to_float_scale(pixels: Array) -> Array:
    """Leave uint8 as it is; bring uint16 to the 0-1 scale as float32, so that 65535 is 1."""
    return pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32) / np.float32(65535)


def decode_image(data: bytes, path: str) -> Raster:
    """Decode an image.

    Args:
        data: The file's content.
        path: Its name, for messages; the suffix tells the format.

    Raises:
        DataError: It is damaged, or not a grey or RGB image of whole numbers or floats.
    """
    pixels, alpha = _decode(data, path, as_labels=False)
    if pixels.dtype.kind not in "uif" or pixels.dtype.itemsize > 8:
        raise DataError(
            f"{path} holds {pixels.dtype} values; expected whole numbers or floats, a value per channel."
        )
    colours = pixels if pixels.ndim == 3 else pixels[..., None]
    return Raster(colours, alpha is not None and not _is_opaque(alpha))


def decode_mask(data: bytes, path: str, most: int = MOST_LABEL, least: int = 0) -> Array:
    """Decode a mask into (H, W) label values of an integer type.

    A palette's index is the label, and so is the value of a grey mask; RGB masks must be grey.  Floats are
    labels where they are whole numbers.

    Args:
        data: The file's content.
        path: Its name, for messages; the suffix tells the format.
        most: The largest value that there may be.
        least: The smallest one.

    Raises:
        DataError: It is damaged, holds other than whole numbers, is coloured or transparent.
    """
    pixels, alpha = _decode(data, path, as_labels=True)
    pixels = whole_labels(pixels, path)
    check_range(pixels, path, least, most)
    if pixels.ndim == 3 and np.any(pixels != pixels[..., :1]):
        raise DataError(
            f"{path} is a colour picture: its red, green and blue differ. A mask needs one value per pixel, "
            "the label: save it as a grey or palette image."
        )
    if alpha is not None and not _is_opaque(alpha):
        raise DataError(f"{path} is a mask with transparent pixels; save it without an alpha channel.")
    return np.asarray(pixels[..., 0] if pixels.ndim == 3 else pixels)


def _decode(data: bytes, path: str, *, as_labels: bool) -> tuple[Array, Array | None]:
    """Decode into (H, W) or (H, W, 3), whatever the type, and the alpha channel if there is one."""
    decode = _decode_png if path.lower().endswith(".png") else _decode_tiff
    with reading(path):
        try:
            return decode(data, path, as_labels)
        except UnidentifiedImageError as error:
            raise DataError(
                f"{path} is empty or not what its name says; save it again as PNG or TIFF."
            ) from error
        except BROKEN as error:
            raise DataError(
                f"{path} cannot be read: {error or type(error).__name__}. It is cut short, damaged or in "
                "another format; save or copy it again."
            ) from error


def _is_opaque(alpha: Array) -> bool:
    return bool(np.all(alpha == (np.iinfo(alpha.dtype).max if alpha.dtype.kind in "ui" else 1)))


def _decode_png(data: bytes, path: str, as_labels: bool) -> tuple[Array, Array | None]:
    check_png(data, path)
    image: Image.Image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.load()
    depth, colour_type = data[24], data[25]  # of the IHDR chunk, which comes first
    if depth == 16 and colour_type != 0:
        raise DataError(f"{path} is a 16-bit colour PNG, of which 8 bits would be lost; save it as TIFF.")
    if image.mode == "P" and not as_labels:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    pixels = np.asarray(image)
    if image.mode == "1" and not as_labels:
        pixels = pixels.astype(np.uint8) * 255
    if image.mode == "I":
        pixels = pixels.astype(np.uint16)
    if as_labels and depth in (2, 4) and colour_type == 0:
        pixels = pixels // (255 // (2**depth - 1))  # Pillow spreads few grey values over 0 to 255
    pixels = turn_of(image.getexif().get(TAG), path).apply(pixels)
    if image.mode not in ("LA", "RGBA"):
        return pixels, None
    return pixels[..., 0] if image.mode == "LA" else pixels[..., :3], pixels[..., -1]


def _decode_tiff(data: bytes, path: str, as_labels: bool) -> tuple[Array, Array | None]:
    with open_tiff_bytes(data, path) as file:
        if len(file.pages) != 1:
            raise DataError(
                f"{path} has {len(file.pages)} pages; save every slice as a file of its own, or, "
                "if they are a volume, open the folder as one: emseg-bench data init FOLDER describes it."
            )
        return decode_page(file.pages.first, path, as_labels=as_labels)
