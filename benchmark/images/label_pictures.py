"""Label maps as PNG pictures: shown in the colours of their classes, read back as label values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from .class_colours import TABLE, colour_table

Array: TypeAlias = np.ndarray[Any, Any]


def label_picture(labels: Array, values: Iterable[int] = range(TABLE)) -> Image.Image:
    """Make a picture of labels, to be saved as PNG.

    Args:
        labels: (H, W).  Those of uint8 become indices of a palette, so that programs show colours and read
            labels; those of uint16 grey values, since palettes end at 255.
        values: What stands for each class, background first.
    """
    picture = Image.fromarray(labels)
    if labels.dtype == np.uint8:
        picture.putpalette(np.array(colour_table(values), np.uint8).tobytes())
    return picture


def label_values(picture: Image.Image) -> Image.Image:
    """Give the 8-bit label values of an opened picture as grey, whatever colours its palette has."""
    return Image.fromarray(np.asarray(picture)) if picture.mode == "P" else picture.convert("L")
