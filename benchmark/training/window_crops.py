"""Training crops cut at the images' own scale: where they lie, and what is done at the images' borders."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contracts.basics import OptionValue
from ..contracts.data import Foreground, Sample, TrainingCrop
from ..contracts.settings import Recipe
from ..images.object_numbers import from_warp, to_warp
from .augmentation import Geometry, blurred, draw_blur, draw_geometry, draw_grey, place
from .options import AugmentationOptions

Pixels = np.ndarray[Any, Any]


class WindowCrops:
    """Cuts crops and changes them; only what they show is read from a memory map.

    Args:
        recipe: How many crops hold foreground.
        side: Of the crops, px.
        _ignore_value: Such pixels are no foreground anyway.
        **options: Of `AugmentationOptions`.
    """

    def __init__(
        self, recipe: Recipe, side: int, _ignore_value: int | None = None, **options: OptionValue
    ) -> None:
        self._share, self._side = recipe.foreground_crops, side
        self._settings = AugmentationOptions(**options)  # type: ignore[arg-type]  # checked against the card

    def __call__(self, sample: Sample, foreground: Foreground, rng: np.random.Generator) -> TrainingCrop:
        """Cut one crop; equal generators give equal crops."""
        settings, side = self._settings, self._side
        geometry = draw_geometry(settings, rng)
        reach = geometry.reach(side)
        pixel = foreground(rng) if rng.random() < self._share else None
        if pixel is None:
            corner = _anywhere(sample.labels.shape, reach, rng)
        else:
            corner = _about(pixel, sample.labels.shape, geometry, side, rng)
        sigma = draw_blur(settings, rng)
        planes = [blurred(place(_cut(plane, corner, reach), geometry, side), sigma) for plane in sample.image]
        labels = place(_cut(sample.labels, corner, reach), geometry, side, labels=True)
        grey = draw_grey(settings, rng)
        if sample.instances is None:
            return TrainingCrop(np.stack(planes), labels, grey)
        numbers = to_warp(_cut(sample.instances, corner, reach))
        placed = from_warp(place(numbers, geometry, side, labels=True))
        return TrainingCrop(np.stack(planes), labels, grey, placed)


def _anywhere(shape: tuple[int, ...], reach: int, rng: np.random.Generator) -> tuple[int, int]:
    top, left = (int(rng.integers(max(length - reach, 0) + 1)) for length in shape)
    return top, left


def _about(
    pixel: tuple[int, int], shape: tuple[int, ...], geometry: Geometry, side: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Choose the cut's top left corner so that a pixel is anywhere in the crop.

    The cut stays within the image, so a crop that is warped may lose a pixel near the image's corners.
    """
    step = rng.integers(side, size=2) - (side - 1) / 2
    across, down = geometry.matrix @ step
    reach = geometry.reach(side)
    wanted = pixel[0] - down - (reach - 1) / 2, pixel[1] - across - (reach - 1) / 2
    top, left = (min(max(round(at), 0), max(n - reach, 0)) for at, n in zip(wanted, shape, strict=True))
    return top, left


def _cut(plane: Pixels, corner: tuple[int, int], size: int) -> Pixels:
    """Cut (size, size); what lies beyond the border is mirrored."""
    top, left = corner
    part = plane[top : top + size, left : left + size]
    missing = [size - length for length in part.shape]
    if not any(missing):
        return part
    return np.pad(part, [(extra // 2, extra - extra // 2) for extra in missing], mode="symmetric")
