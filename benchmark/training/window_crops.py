"""Training crops cut at the images' own scale: where they lie, and what is done at the images' borders."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contracts import Augmentation, Recipe, Sample
from ..normalise import to_unit
from .augmentation import augment, margin

Pixels = np.ndarray[Any, Any]


def cut_window(
    sample: Sample,
    recipe: Recipe,
    settings: Augmentation,
    side: int,
    ignore_value: int | None,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Cut and change one crop.

    Args:
        sample: An image and its labels.
        recipe: How many crops hold foreground.
        settings: What may happen.
        side: Of the result, px.
        ignore_value: Label of pixels that do not count.
        rng: Decides; equal generators give equal results.

    Returns:
        Image (C, side, side) float32 between 0 and 1 and labels (side, side) uint8.
    """
    size = round(side * margin(settings, rng))
    top, left = _choose(sample.labels, size, recipe.foreground_crops, ignore_value, rng)
    image = to_unit(torch.from_numpy(_cut(sample.image, top, left, size)))
    labels = torch.from_numpy(_cut(sample.labels, top, left, size))
    return augment(image, labels, side, settings, rng)


def _choose(
    labels: Pixels, size: int, foreground: float, ignore_value: int | None, rng: np.random.Generator
) -> tuple[int, int]:
    """Choose the crop's top left corner: about a foreground pixel, or anywhere."""
    height, width = labels.shape
    if rng.random() < foreground and (pixel := _foreground_pixel(labels, ignore_value, rng)) is not None:
        jitter = rng.integers(size, size=2)
        y, x = pixel // width - jitter[0], pixel % width - jitter[1]
        return _clip(y, height - size), _clip(x, width - size)
    return int(rng.integers(max(height - size, 0) + 1)), int(rng.integers(max(width - size, 0) + 1))


def _foreground_pixel(labels: Pixels, ignore_value: int | None, rng: np.random.Generator) -> int | None:
    """Choose a class that is there, then one of its pixels, so that rare classes are seen too."""
    present = np.flatnonzero(np.bincount(labels.ravel(), minlength=1))
    present = present[(present > 0) & (present != ignore_value)]
    if not present.size:
        return None
    return int(rng.choice(np.flatnonzero(labels.ravel() == rng.choice(present))))


def _clip(position: int, largest: int) -> int:
    return int(min(max(position, 0), max(largest, 0)))


def _cut(pixels: Pixels, top: int, left: int, size: int) -> Pixels:
    """Cut (..., size, size); what lies beyond the border is mirrored."""
    part = pixels[..., top : top + size, left : left + size]
    missing = [size - part.shape[-2], size - part.shape[-1]]
    if not any(missing):
        return np.ascontiguousarray(part)
    widths = [(0, 0)] * (pixels.ndim - 2) + [(extra // 2, extra - extra // 2) for extra in missing]
    return np.pad(part, widths, mode="symmetric")
