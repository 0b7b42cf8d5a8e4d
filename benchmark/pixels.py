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
import tifffile
from PIL import Image, UnidentifiedImageError
from PIL.Image import DecompressionBombError

from .errors import DataError

Array: TypeAlias = np.ndarray[Any, Any]

# tifffile also logs what it raises.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error, zlib.error)
"""What Pillow and tifffile raise for a damaged file."""

MOST_LABEL: Final = 65535
"""The largest label value."""


@dataclass(frozen=True, slots=True)
class Raster:
    """A decoded image."""

    pixels: Array
    """(H, W, C) uint8 or uint16; C is 1 or 3."""
    transparent: bool
    """Whether an alpha channel was dropped that is not opaque everywhere."""


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def to_float_scale(pixels: Array) -> Array:
    """Leave uint8 as it is; bring uint16 to the 0-1 scale as float32, so that 65535 is 1."""
    return pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32) / np.float32(65535)


def decode_image(data: bytes, path: str) -> Raster:
    """Decode an image.

    Args:
        data: The file's content.
        path: Its name, for messages; the suffix tells the format.

    Raises:
        DataError: It is damaged, or not an 8- or 16-bit grey or RGB image.
    """
    pixels = _decode(data, path, as_labels=False)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    if pixels.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{path} holds {pixels.dtype} values; expected 8 or 16 bit unsigned. Convert it.")
    colours, alpha = _split_alpha(pixels, path)
    opaque = np.iinfo(pixels.dtype).max
    return Raster(colours, alpha is not None and bool(np.any(alpha != opaque)))


def decode_mask(data: bytes, path: str, most: int = MOST_LABEL) -> Array:
    """Decode a mask into (H, W) label values of an unsigned integer type.

    A palette's index is the label, and so is the value of a grey mask; RGB masks must be grey.

    Args:
        data: The file's content.
        path: Its name, for messages; the suffix tells the format.
        most: The largest value that there may be.

    Raises:
        DataError: It is damaged, not of an integer type, coloured or transparent.
    """
    pixels = _decode(data, path, as_labels=True)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if not np.issubdtype(pixels.dtype, np.integer) or pixels.min() < 0 or pixels.max() > most:
        raise DataError(f"{path} holds {pixels.dtype} values; label values are whole numbers, 0 to {most}.")
    colours, alpha = _split_alpha(pixels, path)
    if np.any(colours != colours[..., :1]):
        raise DataError(
            f"{path} is a colour picture: its red, green and blue differ. A mask needs one value per pixel, "
            "the label: save it as a grey or palette image."
        )
    if alpha is not None and np.any(alpha != np.iinfo(pixels.dtype).max):
        raise DataError(f"{path} is a mask with transparent pixels; save it without an alpha channel.")
    return np.asarray(colours[..., 0])


def _decode(data: bytes, path: str, *, as_labels: bool) -> Array:
    """Decode into (H, W) or (H, W, C), whatever the type."""
    decode = _decode_png if path.lower().endswith(".png") else _decode_tiff
    try:
        return decode(data, path, as_labels)
    except DecompressionBombError as error:
        raise DataError(f"{path} is too large to be opened in one piece; cut it into tiles.") from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path} is empty or not what its name says; save it again as PNG or TIFF."
        ) from error
    except BROKEN as error:
        raise DataError(
            f"{path} cannot be read: {error or type(error).__name__}. It is cut short, damaged or in another "
            "format; save or copy it again."
        ) from error


def _split_alpha(pixels: Array, path: str) -> tuple[Array, Array | None]:
    """Return (H, W, 1 or 3) colours and, if there is one, the (H, W) alpha channel."""
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    channels = pixels.shape[-1]
    if channels not in (1, 2, 3, 4):
        raise DataError(f"{path} has {channels} channels; expected grey or RGB, with or without alpha.")
    if channels in (2, 4):
        return pixels[..., :-1], pixels[..., -1]
    return pixels, None


def _decode_png(data: bytes, path: str, as_labels: bool) -> Array:
    image: Image.Image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.load()
    depth, colour_type = data[24], data[25]  # of the IHDR chunk, which comes first
    if depth == 16 and colour_type != 0:
        raise DataError(f"{path} is a 16-bit colour PNG, of which 8 bits would be lost; save it as TIFF.")
    if image.mode == "P" and not as_labels:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    pixels = np.asarray(image)
    if image.mode == "I":
        pixels = pixels.astype(np.uint16)
    if as_labels and depth in (2, 4) and colour_type == 0:
        pixels = pixels // (255 // (2**depth - 1))  # Pillow spreads few grey values over 0 to 255
    return pixels


def _decode_tiff(data: bytes, path: str, as_labels: bool) -> Array:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        if len(file.pages) != 1:
            raise DataError(f"{path} has {len(file.pages)} pages; save every slice as a file of its own.")
        page = file.pages.first
        meaning = page.photometric.name
        if meaning not in ("MINISBLACK", "RGB", "PALETTE" if as_labels else "RGB"):
            unclear = ", in which 0 is white for some programs and black for others" * (
                meaning == "MINISWHITE"
            )
            raise DataError(f"{path} is a {meaning} TIFF{unclear}; save it as grey (0 is black) or RGB.")
        try:
            pixels = page.asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error) or (page.samplesperpixel > 1 and page.bitspersample > 8):
                raise
            pixels = _decode_compressed_tiff(data)
        return np.moveaxis(pixels, 0, -1) if page.axes == "SYX" else np.asarray(pixels)


def _decode_compressed_tiff(data: bytes) -> Array:
    """Decode LZW and JPEG, which tifffile leaves to an extra package, with Pillow's libtiff."""
    with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
        return np.asarray(image)
