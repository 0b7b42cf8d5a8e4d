"""An image to show what a model does: a test case that its trial kept a picture of, or noise."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from ..benchmark.contracts.reporting import Trial
from ..benchmark.evaluation.placing import round_up
from ..benchmark.files.decoding import decoding
from ..benchmark.trials.result_tables import no_tables
from ..reports.previews import Preview, previews
from .choosing import Origin
from .description import Description

Array: TypeAlias = np.ndarray[Any, Any]

SIDE = 256
"""px; at most, but for what the model's divisor asks for."""
_BYTE, _SHORT = np.iinfo(np.uint8).max, np.iinfo(np.uint16).max


def sample(origin: Origin | None, told: Description) -> tuple[Array, str]:
    """Give an image and what it is.

    Args:
        origin: The model's trial.
        told: Of the model.

    Returns:
        (C, S, S) float32 on the 0-1 scale, S a multiple of the model's divisor; and words for people.

    Raises:
        StoreError: The trial's list of pictures is damaged.
        DataError: Its first picture is.
    """
    divisor, least, channels = told.input.sides_multiple_of, told.input.sides_at_least, told.input.channels
    kept = previews(Trial(origin.record, origin.folder.path, *no_tables())) if origin else {}
    if kept and channels in (1, 3):
        case, preview = next(iter(kept.items()))
        image = _square(_read(preview, channels), divisor, least)
        return image.astype(np.float32) / _BYTE, f"part of test case {case}"
    side = max(round_up(SIDE // 2, divisor), least)
    noise = np.random.default_rng(0).standard_normal((channels, side, side))
    mean, std = (np.array(values)[:, None, None] for values in (told.input.mean, told.input.std))
    unit = np.clip(mean + std * noise, 0, 1).astype(np.float32)
    return unit, "noise with the mean and spread of the training images, for lack of one of them"


def _read(preview: Preview, channels: int) -> Array:
    """Read a picture of grey or RGB values, (C, H, W) uint8."""
    with decoding(preview.image, "Pillow"), Image.open(preview.image, formats=("PNG",)) as opened:
        picture = np.asarray(opened.convert("L" if channels == 1 else "RGB"))
    return picture.reshape(*picture.shape[:2], channels).transpose(2, 0, 1)


def _square(image: Array, divisor: int, least: int) -> Array:
    """Cut the middle out, or mirror what is smaller than a side may be."""
    side = max(min(SIDE, *image.shape[1:]) // divisor * divisor, least)
    missing = [max(0, side - length) for length in image.shape[1:]]
    image = np.pad(image, [(0, 0), *((0, more) for more in missing)], mode="symmetric")
    top, left = ((length - side) // 2 for length in image.shape[1:])
    return image[:, top : top + side, left : left + side]


def to_stored(unit: Array, told: Description) -> Array:
    """Bring an image on the 0-1 scale to values as they are stored, of the smallest type that holds them."""
    low, high = told.input.low, told.input.high
    values = low + unit * (high - low)
    if low >= 0 and _BYTE <= high <= _SHORT and high - low >= _BYTE:
        return np.rint(values).astype(np.uint8 if high == _BYTE else np.uint16)
    return values.astype(np.float32)


def to_unit(stored: Array, told: Description) -> Array:
    """Bring stored values to the 0-1 scale."""
    low, high = told.input.low, told.input.high
    return np.clip((stored.astype(np.float64) - low) / (high - low), 0, 1).astype(np.float32)
