"""Files as bytes, to be put into fake archives."""

from __future__ import annotations

import io

import numpy as np
import tifffile
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def tiff(volume: np.ndarray, *, one_piece: bool = True) -> bytes:
    """Write a page per section; in one piece, or each behind its own header."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, volume, photometric="minisblack", contiguous=one_piece)
    return buffer.getvalue()
