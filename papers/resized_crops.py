"""Training crops as CEM500K and RETINA published them: resized parts of the image, changed as 8-bit pixels.

Order and parameters: Conrad & Narayan 2021 (doi 10.7554/eLife.65894) and Xing, Xie & Bader 2025 (doi
10.1371/journal.pcbi.1013115), whose pipelines are the same but for their probabilities.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.data import Foreground, Sample, TrainingCrop
from ..benchmark.contracts.settings import Recipe
from ..benchmark.images.object_numbers import from_warp, to_warp
from ..benchmark.images.transforms import (
    add_gaussian_noise,
    blur_gaussian,
    change_brightness_contrast,
    crop_resized,
    draw_resized_crop,
    flip,
    pad_to,
    rotate,
)
from .options import SMALLEST_KERNEL, ResizedCropOptions

Pixels = np.ndarray[Any, Any]


class ResizedCrops:
    """Cuts a part of random size and aspect, resizes it to the crop, and changes it.

    The image is padded by mirroring where it is smaller than a crop.  One of more than 8 bits is rounded to
    8, for which all is defined.  A crop about foreground is cut out first, and the part out of it.

    Args:
        recipe: How many crops hold foreground.
        side: Of the crops, px.
        ignore_value: Label of pixels that do not count.
        **options: Of `ResizedCropOptions`.
    """

    def __init__(self, recipe: Recipe, side: int, ignore_value: int | None, **options: OptionValue) -> None:
        self._share, self._side, self._ignore_value = recipe.foreground_crops, side, ignore_value
        self._settings = ResizedCropOptions(**options)  # type: ignore[arg-type]  # checked against the card

    def __call__(self, sample: Sample, _foreground: Foreground, rng: np.random.Generator) -> TrainingCrop:
        """Cut and change one crop; equal generators give equal crops."""
        settings, side = self._settings, self._side
        image, maps = _oriented(sample)
        image, maps = pad_to(image, side), [pad_to(one, side) for one in maps]
        if rng.random() < self._share:
            image, maps = _about_foreground(image, maps, side, self._ignore_value, rng)
        area = settings.least_area, settings.largest_area
        aspect = settings.least_aspect, settings.largest_aspect
        box = draw_resized_crop(image.shape[0], image.shape[1], area, aspect, rng)
        image = crop_resized(image, box, side)
        maps = [crop_resized(one, box, side, labels=True) for one in maps]
        image, maps = _turn(image, maps, settings, rng)
        image = _change_intensity(image, settings, rng)
        mirrored = {name: bool(rng.random() < settings.probability) for name in ("horizontal", "vertical")}
        image = np.ascontiguousarray(flip(image, **mirrored).transpose(2, 0, 1))
        labels, *numbers = (flip(one, **mirrored) for one in maps)
        return TrainingCrop(
            image,
            np.ascontiguousarray(labels),
            instances=from_warp(numbers[0]) if numbers else None,
        )


def _oriented(sample: Sample) -> tuple[Pixels, list[Pixels]]:
    """Give the image as (H, W, C) uint8, which OpenCV works on, and labels and numbers of objects (H, W)."""
    image = sample.image
    if image.dtype != np.uint8:
        image = np.rint(image * np.float32(255)).astype(np.uint8)
    numbers = [] if sample.instances is None else [to_warp(sample.instances)]
    return np.ascontiguousarray(image.transpose(1, 2, 0)), [sample.labels, *numbers]


def _about_foreground(
    image: Pixels, maps: list[Pixels], side: int, ignore_value: int | None, rng: np.random.Generator
) -> tuple[Pixels, list[Pixels]]:
    """Cut a crop that holds a random pixel of the foreground, or any crop where there is none."""
    labels = maps[0]
    height, width = labels.shape
    pixels = np.flatnonzero((labels != 0) & (labels != (0 if ignore_value is None else ignore_value)))
    if pixels.size:
        y, x = divmod(int(rng.choice(pixels)), width)
        shift = rng.integers(side, size=2)
        top, left = np.clip([y - shift[0], x - shift[1]], 0, [height - side, width - side])
    else:
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    part = np.s_[top : top + side, left : left + side]
    return image[part], [one[part] for one in maps]


def _turn(
    image: Pixels, maps: list[Pixels], settings: ResizedCropOptions, rng: np.random.Generator
) -> tuple[Pixels, list[Pixels]]:
    if not settings.rotation or rng.random() >= settings.probability:
        return image, maps
    angle = float(rng.uniform(-settings.rotation, settings.rotation))
    return rotate(image, angle), [rotate(one, angle, labels=True) for one in maps]


def _change_intensity(image: Pixels, settings: ResizedCropOptions, rng: np.random.Generator) -> Pixels:
    if (settings.brightness or settings.contrast) and rng.random() < settings.probability:
        contrast = float(rng.uniform(-settings.contrast, settings.contrast))
        brightness = float(rng.uniform(-settings.brightness, settings.brightness))
        image = change_brightness_contrast(image, brightness, contrast)
    if settings.largest_noise and rng.random() < settings.probability:
        variance = float(rng.uniform(settings.least_noise, settings.largest_noise))
        image = add_gaussian_noise(image, variance, rng)
    if settings.blur_kernel and rng.random() < settings.probability:
        image = blur_gaussian(image, int(rng.choice(np.arange(SMALLEST_KERNEL, settings.blur_kernel + 1, 2))))
    return image
