"""Random changes of a training crop, decided by a given generator and applied by torchvision."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as transforms

from ..contracts import Augmentation

ZOOM = (0.8, 1.25)
AFFINE_MARGIN = math.sqrt(2) / ZOOM[0]
"""A crop must be cut this much larger for a rotation and zoom-out to leave no empty corner."""


def augment(
    image: Tensor, labels: Tensor, side: int, settings: Augmentation, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Change a crop at random.

    Args:
        image: (C, S, S) float32 between 0 and 1, S at least `side` (larger if it may be rotated).
        labels: (S, S) integer.
        side: Side of the result, px.
        settings: What may happen.
        rng: Decides; equal generators give equal results.

    Returns:
        Image (C, side, side) float32 and labels (side, side).
    """
    image, labels = _warp(image, labels, side, rng)
    image, labels = _flip(image, labels, settings, rng)
    return _change_intensity(image, settings, rng), labels


def margin(settings: Augmentation, rng: np.random.Generator) -> float:
    """Decide whether a crop is warped; return how much larger than the result it must be cut."""
    return AFFINE_MARGIN if settings.affine and rng.random() < settings.affine else 1.0


def _warp(image: Tensor, labels: Tensor, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Rotate and zoom a crop that was cut larger, then take its centre."""
    if image.shape[-1] == side:
        return image, labels
    angle, zoom = float(rng.uniform(-180, 180)), float(np.exp(rng.uniform(*np.log(ZOOM))))
    bilinear, nearest = v2.InterpolationMode.BILINEAR, v2.InterpolationMode.NEAREST
    image = transforms.affine(image, angle, [0, 0], zoom, [0.0, 0.0], interpolation=bilinear)
    labels = transforms.affine(labels[None], angle, [0, 0], zoom, [0.0, 0.0], interpolation=nearest)[0]
    return transforms.center_crop(image, [side, side]), transforms.center_crop(labels, [side, side])


def _flip(
    image: Tensor, labels: Tensor, settings: Augmentation, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    dims = [dim for dim in (-1, -2) if rng.random() < settings.flip]
    turns = int(rng.integers(4)) if settings.rotate90 else 0
    if dims:
        image, labels = image.flip(dims), labels.flip(dims)
    if turns:
        image, labels = image.rot90(turns, (-2, -1)), labels.rot90(turns, (-2, -1))
    return image, labels


def _change_intensity(image: Tensor, settings: Augmentation, rng: np.random.Generator) -> Tensor:
    brightness = float(rng.uniform(-settings.brightness, settings.brightness))
    contrast = float(rng.uniform(1 - settings.contrast, 1 + settings.contrast))
    if settings.blur and rng.random() < settings.blur:
        image = transforms.gaussian_blur(image, [7, 7], [float(rng.uniform(0.5, 1.5))])
    if settings.brightness or settings.contrast:
        mean = image.mean()
        image = (image - mean) * contrast + (mean + brightness)
    if settings.noise:
        spread = float(rng.uniform(0, settings.noise))
        image = image + spread * torch.from_numpy(rng.standard_normal(image.shape, dtype=np.float32))
    return image.clamp(0, 1)
