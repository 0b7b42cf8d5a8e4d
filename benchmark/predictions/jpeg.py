"""JPEG images, for what comes no other way: they are segmented, and never trained on."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from ..contracts.errors import DataError
from ..files.decoding import reading
from ..files.limits import array_bytes, check_claim
from ..images.orientation import TAG, turn_of
from ..images.pixels import read_bytes

JPEG_SUFFIXES: Final = (".jpg", ".jpeg")


def is_jpeg(path: Path) -> bool:
    """Tell by its name."""
    return path.name.lower().endswith(JPEG_SUFFIXES)


def read_jpeg(path: Path) -> np.ndarray[Any, Any]:
    """Read an image as (H, W, C) uint8; C is 1 or 3.

    Raises:
        DataError: It cannot be read, or is neither grey nor coloured.
    """
    data = read_bytes(path)
    with reading(path), Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        check_claim(array_bytes((*image.size, 3), 1), str(path), "an image")
        if image.mode not in ("L", "RGB"):
            raise DataError(f"{path} is a JPEG of {image.mode} values; save it as grey, as PNG or TIFF.")
        pixels = turn_of(image.getexif().get(TAG), str(path)).apply(np.asarray(image))
    return pixels if pixels.ndim == 3 else pixels[..., None]
