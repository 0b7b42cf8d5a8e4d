"""Portraits of images that have to be read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .leaks import Portrait
from .looks import look

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


def portrait(name: str, split: str, image: Array) -> Portrait:
    """Portray a (C, H, W) image; its look is that of the mean over its channels."""
    import numpy as np

    pixels = np.ascontiguousarray(image)
    content = hashlib.sha256(f"{pixels.dtype} {pixels.shape}".encode())
    content.update(pixels.data.cast("B"))
    grey = pixels[0] if len(pixels) == 1 else pixels.mean(axis=0, dtype=np.float32)
    return Portrait(name=name, split=split, pixels=content.hexdigest(), look=look(grey))
