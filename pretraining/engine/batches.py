"""The batches of a pre-training: each draw's image becomes views, by a generator of its own."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, default_collate
from torch.utils.data import Dataset as TorchDataset

from ...benchmark.contracts.pretraining import PretrainingMethod
from ...benchmark.files.shared_memory import can_fork
from ...benchmark.training.processes import Processes
from ...benchmark.training.sampler import CROP_STREAM, Draw, DrawSampler, Share, random_stream
from .images import ImageStore
from .spec import PretrainingSpec

MOST_WORKERS = 16
Views = tuple[np.ndarray[Any, Any], ...]


class ViewDataset(TorchDataset[Views]):
    """Gives the views of a `Draw`: the same every time, in whichever process.

    Args:
        images: Where they come from.
        method: Makes the views.
        seed: The pre-training's.
    """

    def __init__(self, images: ImageStore, method: PretrainingMethod, seed: int) -> None:
        self._images, self._method, self._seed = images, method, seed

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, draw: Draw) -> Views:
        """Make the views of one draw."""
        rng = random_stream(self._seed, CROP_STREAM, draw.number)
        return self._method.views(self._images.read(draw.image), rng)


def some_views(images: ImageStore, method: PretrainingMethod, seed: int, count: int) -> list[Tensor]:
    """Make views of some images, evenly spread; the same every time."""
    dataset = ViewDataset(images, method, seed)
    numbers = np.linspace(0, len(images) - 1, min(count, len(images))).round().astype(int)
    views: list[Tensor] = default_collate([dataset[Draw(number, int(number))] for number in numbers])
    return views


def default_workers(device: torch.device, processes: Processes) -> int:
    """Choose how many loader processes to start: none beside a CPU that computes, some beside a GPU."""
    if device.type == "cpu" or not can_fork():
        return 0
    return min(MOST_WORKERS, max(1, (os.cpu_count() or 1) // processes.local_count))


def make_loader(
    dataset: ViewDataset, spec: PretrainingSpec, processes: Processes, device: torch.device, workers: int
) -> DataLoader[Views]:
    """Load this process's share of every batch.

    Loader processes are forked, so that they share the images in memory; there are none where that cannot be.
    """
    batch, tiles = spec.recipe.batch_size, spec.tiles
    whole = tiles // batch * batch  # draws of a pass whose last batch is full
    sampler = DrawSampler(
        tiles,
        spec.seed,
        spec.steps * batch,
        kept=whole or None,
        share=Share(batch, processes.rank, processes.count),
    )
    workers = workers if can_fork() else 0
    return DataLoader(
        dataset,
        batch // processes.count,
        sampler=sampler,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        multiprocessing_context=multiprocessing.get_context("fork") if workers else None,
        prefetch_factor=4 if workers else None,
        generator=torch.Generator(),  # its own, so that making an iterator draws nothing
    )
