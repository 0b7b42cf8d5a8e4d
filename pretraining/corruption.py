"""How RETINA changes an image for reconstruction (Xing, Xie & Bader 2025, doi 10.1371/journal.pcbi.1013115).

All steps work on 8-bit pixels, in the published order; `rng` decides everything.
"""

from __future__ import annotations

import numpy as np

from ..benchmark.images.transforms import (
    Pixels,
    add_gaussian_noise,
    blur_gaussian,
    change_brightness_contrast,
    crop_resized,
    draw_resized_crop,
    drop_squares,
    flip,
    rotate,
)
from .options import ReconstructionOptions

RATIO = (0.5, 1.5)
"""Least and largest width / height of a crop."""
ROTATION = 90.0
"""Largest angle either way, degrees."""
CHANGE = 0.3
"""Largest change of brightness, as a share of 255, and of contrast, as a factor about 1."""
NOISE_VARIANCE = (400.0, 1200.0)
KERNELS = (3, 5, 7)
"""Sides of the blur's kernel, px."""
MOST_HOLES = 32
HOLE = 16
"""Side, px."""


def make_target(
    pixels: Pixels, side: int, options: ReconstructionOptions, rng: np.random.Generator
) -> Pixels:
    """Flip, rotate and crop an image: what the network is to give back.

    Args:
        pixels: (H, W) uint8.
        side: Of the result, px.
        options: How often.
        rng: Decides.
    """
    pixels = flip(
        pixels, horizontal=rng.random() < options.geometry, vertical=rng.random() < options.geometry
    )
    if rng.random() < options.geometry:
        pixels = rotate(np.ascontiguousarray(pixels), rng.uniform(-ROTATION, ROTATION))
    height, width = pixels.shape
    box = draw_resized_crop(height, width, (options.smallest_crop, 1.0), RATIO, rng)
    return crop_resized(np.ascontiguousarray(pixels), box, side)


def corrupt(target: Pixels, options: ReconstructionOptions, rng: np.random.Generator) -> Pixels:
    """Spoil an image: what the network gets to see.

    Args:
        target: (H, W) uint8; not changed.
        options: How often.
        rng: Decides.
    """
    pixels = target
    if rng.random() < options.brightness_contrast:
        pixels = change_brightness_contrast(
            pixels, rng.uniform(-CHANGE, CHANGE), rng.uniform(-CHANGE, CHANGE)
        )
    if rng.random() < options.noise:
        pixels = add_gaussian_noise(pixels, rng.uniform(*NOISE_VARIANCE), rng)
    if rng.random() < options.blur:
        pixels = blur_gaussian(pixels, int(rng.choice(KERNELS)))
    if rng.random() < options.holes:
        pixels = drop_squares(pixels, _corners(pixels, rng), HOLE)
    return pixels


def _corners(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Draw where holes lie: wholly inside the image."""
    height, width = pixels.shape
    count = int(rng.integers(1, MOST_HOLES + 1))
    return rng.integers(0, (height - HOLE + 1, width - HOLE + 1), (count, 2))
