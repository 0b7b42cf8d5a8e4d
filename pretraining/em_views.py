"""Random views of an image as CEM500K's MoCo v2 had them (Conrad & Narayan 2021, doi 10.7554/eLife.65894).

What differs: turned images are mirrored beyond their border rather than black there, and noise is rounded to
8 bits.  Changes of saturation and hue, which do nothing to grey images, are left out.
"""

from __future__ import annotations

import math

import numpy as np

from ..benchmark.images.transforms import (
    Pixels,
    add_gaussian_noise,
    blur_gaussian,
    change_brightness_contrast,
    crop_resized,
    draw_resized_crop,
    flip,
    rotate,
)

PROBABILITY = 0.5
"""Of a rotation, a blur, noise and either flip."""
ROTATION = 180.0
"""Largest angle either way, degrees."""
SCALE = (0.2, 1.0)
"""Least and largest share of the image that a crop shows."""
RATIO = (3 / 4, 4 / 3)
"""Least and largest width / height of that part."""
JITTER = 0.4
"""Largest change of the factors of brightness and of contrast about 1."""
SIGMA = (0.1, 2.0)
"""Of the blur, px."""
NOISE_VARIANCE = (1e-5, 1e-4)
"""On the 0-1 scale; drawn evenly on a logarithmic scale."""


def make_view(pixels: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    """Make one view.

    Args:
        pixels: (H, W) uint8.
        side: Of the view, px.
        rng: Decides.
    """
    if rng.random() < PROBABILITY:
        pixels = rotate(np.ascontiguousarray(pixels), rng.uniform(-ROTATION, ROTATION))
    height, width = pixels.shape
    box = draw_resized_crop(height, width, SCALE, RATIO, rng)
    view = _jitter(crop_resized(np.ascontiguousarray(pixels), box, side), rng)
    if rng.random() < PROBABILITY:
        sigma = rng.uniform(*SIGMA)
        view = blur_gaussian(view, 2 * math.ceil(3 * sigma) + 1, sigma)
    view = flip(view, horizontal=rng.random() < PROBABILITY, vertical=rng.random() < PROBABILITY)
    if rng.random() < PROBABILITY:
        low, high = np.log(NOISE_VARIANCE)
        view = add_gaussian_noise(view, 255**2 * math.exp(rng.uniform(low, high)), rng)
    return np.ascontiguousarray(view)


def _jitter(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Multiply all values, and stretch them about their mean, in a random order."""
    brightness, contrast = rng.uniform(1 - JITTER, 1 + JITTER, 2)
    for change in rng.permutation(2):
        if change == 0:
            pixels = change_brightness_contrast(pixels, 0.0, brightness - 1)
        else:
            pixels = change_brightness_contrast(pixels, pixels.mean() / 255 * (1 - contrast), contrast - 1)
    return pixels
