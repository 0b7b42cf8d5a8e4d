"""Training crops put together, 8 bits a pixel as long as can be, and what the device makes of them.

What changes grey values by arithmetic is done for a whole batch where the network is: a GPU hardly notices,
and loader processes hand over a sixth of the bytes.  Each crop's noise has a seed of its own, from its draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..contracts.data import GreyChange, TrainingCrop
from ..images.normalise import to_unit


class Batch(NamedTuple):
    """Crops of one step."""

    images: Tensor
    """(N, C, S, S) uint8, or float32 between 0 and 1."""
    labels: Tensor
    """(N, S, S) uint8"""
    grey: Sequence[GreyChange] | None
    """One per image."""
    instances: Tensor | None = None
    """(N, S, S) int32 numbers of true objects; None: they are not wanted."""

    def on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Finish the crops on the device that trains.

        Returns:
            Images (N, C, S, S) float32 between 0 and 1, and labels (N, S, S) int64.
        """
        images = to_unit(self.images.to(device, non_blocking=True))
        labels = self.labels.to(device, non_blocking=True).to(torch.int64)
        return images if self.grey is None else change_grey(images, self.grey), labels

    def instances_on(self, device: torch.device) -> Tensor | None:
        """Give the numbers of true objects (N, S, S) int64."""
        if self.instances is None:
            return None
        return self.instances.to(device, non_blocking=True).to(torch.int64)


def stack(crops: Sequence[TrainingCrop]) -> Batch:
    """Make a batch of crops; 8-bit images beside others become float32 as they are."""
    images = [torch.from_numpy(crop.image) for crop in crops]
    if len({image.dtype for image in images}) > 1:
        images = [to_unit(image) for image in images]
    labels = torch.from_numpy(np.stack([crop.labels for crop in crops]))
    grey = [crop.grey for crop in crops if crop.grey is not None]
    numbers = [crop.instances for crop in crops if crop.instances is not None]
    instances = torch.from_numpy(np.stack(numbers)) if numbers else None
    return Batch(torch.stack(images), labels, grey or None, instances)


def change_grey(images: Tensor, changes: Sequence[GreyChange]) -> Tensor:
    """Change brightness and contrast about each image's mean, add noise, and clip to 0-1.

    Args:
        images: (N, C, H, W) float32 between 0 and 1; not changed.
        changes: One per image.
    """
    levels = torch.tensor([[change.brightness, change.contrast, change.noise] for change in changes])
    levels = levels.to(images.device, non_blocking=True)[..., None, None, None]
    brightness, contrast, spread = levels.unbind(1)
    mean = images.mean((1, 2, 3), keepdim=True)
    changed = torch.addcmul(mean * (1 - contrast) + brightness, images, contrast)
    if any(change.noise for change in changes):
        changed.addcmul_(_noise(images, [change.seed for change in changes]), spread)
    return changed.clamp_(0, 1)


def _noise(images: Tensor, seeds: Sequence[int]) -> Tensor:
    """Draw a standard normal deviate per value, each image's from a seed of its own."""
    noise, generator = torch.empty_like(images), torch.Generator(images.device)
    for image, seed in zip(noise, seeds, strict=True):
        image.normal_(generator=generator.manual_seed(seed))
    return noise
