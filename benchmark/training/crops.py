"""Training crops: cut from the full images at seeded places, then augmented."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from ..contracts import Case, Dataset, Recipe, Sample
from ..normalise import to_unit
from .augmentation import augment, margin
from .sampler import CROP_STREAM, Draw, random_stream

Pixels = np.ndarray[Any, Any]


class TrainingCrops(TorchDataset[tuple[Tensor, Tensor]]):
    """Gives the crop of a `Draw`: image (C, side, side) float32 on the 0-1 scale, labels (side, side) int64.

    Args:
        dataset: Where the images come from.
        cases: The training split.
        recipe: Crop choice and augmentation.
        side: Side of the crops, px.
        seed: The trial's seed.
        ignore_value: Label of pixels that do not count.
        cache_bytes: Decoded images that are kept in memory.
    """

    def __init__(
        self,
        dataset: Dataset,
        cases: Sequence[Case],
        recipe: Recipe,
        side: int,
        seed: int,
        ignore_value: int | None,
        *,
        cache_bytes: int,
    ) -> None:
        self._dataset, self._cases, self._recipe = dataset, cases, recipe
        self._side, self._seed, self._ignore_value = side, seed, ignore_value
        self._cache: dict[int, Sample] = {}
        self._free_bytes = cache_bytes

    def __len__(self) -> int:
        return len(self._cases)

    def __getitem__(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """Make the crop of one draw: the same every time, in whichever process."""
        rng = random_stream(self._seed, CROP_STREAM, draw.number)
        sample = self._read(draw.image)
        size = round(self._side * margin(self._recipe.augmentation, rng))
        top, left = self._choose(sample.labels, size, rng)
        image = to_unit(torch.from_numpy(_cut(sample.image, top, left, size)))
        labels = torch.from_numpy(_cut(sample.labels, top, left, size))
        image, labels = augment(image, labels, self._side, self._recipe.augmentation, rng)
        return image.contiguous(), labels.to(torch.int64)

    def _read(self, index: int) -> Sample:
        if index in self._cache:
            return self._cache[index]
        sample = self._dataset.read(self._cases[index])
        bytes_ = sample.image.nbytes + sample.labels.nbytes
        if bytes_ <= self._free_bytes:
            self._cache[index] = sample
            self._free_bytes -= bytes_
        return sample

    def _choose(self, labels: Pixels, size: int, rng: np.random.Generator) -> tuple[int, int]:
        """Choose the crop's top left corner: about a foreground pixel, or anywhere."""
        height, width = labels.shape
        if (
            rng.random() < self._recipe.foreground_crops
            and (pixel := self._foreground_pixel(labels, rng)) is not None
        ):
            jitter = rng.integers(size, size=2)
            y, x = pixel // width - jitter[0], pixel % width - jitter[1]
            return _clip(y, height - size), _clip(x, width - size)
        return int(rng.integers(max(height - size, 0) + 1)), int(rng.integers(max(width - size, 0) + 1))

    def _foreground_pixel(self, labels: Pixels, rng: np.random.Generator) -> int | None:
        """Choose a class that is there, then one of its pixels, so that rare classes are seen too."""
        present = np.flatnonzero(np.bincount(labels.ravel(), minlength=1))
        present = present[(present > 0) & (present != self._ignore_value)]
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
