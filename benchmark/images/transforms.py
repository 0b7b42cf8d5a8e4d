"""Image transforms with given parameters, and how their parameters are drawn.

The published EM recipes (CEM500K: Conrad & Narayan 2021, doi 10.7554/eLife.65894; RETINA: Xing, Xie & Bader
2025, doi 10.1371/journal.pcbi.1013115) are written for albumentations before version 2, which works on 8-bit
images with OpenCV and rounds between any two steps.  These are those steps, with OpenCV too.  Every draw
comes from a given generator, so that a transform does not depend on the process that makes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np

Pixels: TypeAlias = np.ndarray[Any, Any]
"""(H, W) or (H, W, C) uint8."""

CROP_ATTEMPTS = 10
"""After so many boxes that do not fit in the image the largest centred one is taken."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an image, px."""

    top: int
    left: int
    height: int
    width: int


# ------------------------------------------------------------------------------------------ geometry
def draw_resized_crop(
    height: int,
    width: int,
    scale: tuple[float, float],
    ratio: tuple[float, float],
    rng: np.random.Generator,
) -> Box:
    """Draw the part of an image that a random resized crop shows (Szegedy et al. 2015).

    Args:
        height: Of the image, px.
        width: Of the image, px.
        scale: Least and largest share of the image's area.
        ratio: Least and largest width / height; drawn evenly on a logarithmic scale.
        rng: Decides.
    """
    for _ in range(CROP_ATTEMPTS):
        area = height * width * rng.uniform(*scale)
        aspect = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return Box(int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1)), h, w)
    w, h = width, height
    if width / height < ratio[0]:
        h = round(width / ratio[0])
    elif width / height > ratio[1]:
        w = round(height * ratio[1])
    return Box((height - h) // 2, (width - w) // 2, h, w)


def crop_resized(pixels: Pixels, box: Box, side: int, *, labels: bool = False) -> Pixels:
    """Cut `box` out and resize it to (side, side): bilinear, or nearest for label maps."""
    part = pixels[box.top : box.top + box.height, box.left : box.left + box.width]
    kind = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
    return _as_given(cv2.resize(part, (side, side), interpolation=kind), pixels)


def rotate(pixels: Pixels, degrees: float, *, labels: bool = False) -> Pixels:
    """Rotate about the centre: bilinear (labels: nearest), mirrored beyond the border (reflect-101)."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    kind = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
    turned = cv2.warpAffine(pixels, matrix, (width, height), flags=kind, borderMode=cv2.BORDER_REFLECT_101)
    return _as_given(turned, pixels)


def pad_to(pixels: Pixels, side: int) -> Pixels:
    """Pad to at least (side, side), centred, mirrored beyond the border (reflect-101)."""
    height, width = pixels.shape[:2]
    rows, columns = max(side - height, 0), max(side - width, 0)
    if not rows and not columns:
        return pixels
    top, left = rows // 2, columns // 2
    padded = cv2.copyMakeBorder(pixels, top, rows - top, left, columns - left, cv2.BORDER_REFLECT_101)
    return _as_given(padded, pixels)


def flip(pixels: Pixels, *, horizontal: bool, vertical: bool) -> Pixels:
    """Mirror left to right, top to bottom, both or neither."""
    return pixels[:: -1 if vertical else 1, :: -1 if horizontal else 1]


# ----------------------------------------------------------------------------------------- intensity
def change_brightness_contrast(pixels: Pixels, brightness: float, contrast: float) -> Pixels:
    """Return ``pixels * (1 + contrast) + 255 * brightness``, clipped."""
    values = np.arange(256, dtype=np.float64) * (1 + contrast) + 255 * brightness
    table = np.rint(values.clip(0, 255)).astype(np.uint8)
    return np.asarray(table[pixels])


def add_gaussian_noise(pixels: Pixels, variance: float, rng: np.random.Generator) -> Pixels:
    """Add noise of a variance on the 0-255 scale to every value, and clip."""
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(math.sqrt(variance))
    return np.asarray(np.rint((pixels + noise).clip(0, 255)).astype(np.uint8))


def blur_gaussian(pixels: Pixels, kernel: int, sigma: float = 0.0) -> Pixels:
    """Blur with a Gaussian of an odd side `kernel`, px; `sigma` 0: 0.3 * ((kernel - 1) / 2 - 1) + 0.8."""
    return _as_given(cv2.GaussianBlur(pixels, (kernel, kernel), sigma), pixels)


def drop_squares(pixels: Pixels, corners: Pixels, side: int, fill: int = 0) -> Pixels:
    """Fill squares.

    Args:
        pixels: Not changed.
        corners: (N, 2) top and left of each square, px.
        side: Of the squares, px.
        fill: Their value.
    """
    holed = pixels.copy()
    for top, left in corners:
        holed[top : top + side, left : left + side] = fill
    return holed


def _as_given(changed: Any, given: Pixels) -> Pixels:
    """Give back the last axis that OpenCV drops from (H, W, 1)."""
    return np.asarray(changed).reshape(*changed.shape[:2], *given.shape[2:])
