"""The training crops of a trial: each draw's image is read, cut and changed by a generator of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from ..contracts import Case, Dataset, Recipe, ResizedCropAugmentation, Sample
from .resized_crops import cut_resized
from .sampler import CROP_STREAM, Draw, random_stream
from .window_crops import cut_window


class TrainingCrops(TorchDataset[tuple[Tensor, Tensor]]):
    """Gives the crop of a `Draw`: image (C, side, side) float32 on the 0-1 scale, labels (side, side) int64.

    Args:
        dataset: Where the images come from.
        cases: What is trained on.
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
        image, labels = self._cut(self._read(draw.image), rng)
        return image.contiguous(), labels.to(torch.int64)

    def _cut(self, sample: Sample, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        settings = self._recipe.augmentation
        if isinstance(settings, ResizedCropAugmentation):
            return cut_resized(sample, self._recipe, settings, self._side, self._ignore_value, rng)
        return cut_window(sample, self._recipe, settings, self._side, self._ignore_value, rng)

    def _read(self, index: int) -> Sample:
        if index in self._cache:
            return self._cache[index]
        sample = self._dataset.read(self._cases[index])
        bytes_ = sample.image.nbytes + sample.labels.nbytes
        if bytes_ <= self._free_bytes:
            self._cache[index] = sample
            self._free_bytes -= bytes_
        return sample
