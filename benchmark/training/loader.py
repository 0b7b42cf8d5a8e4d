"""Loads training batches: chooses processes, cache and pinning for the machine, and says what it chose."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import torch
from torch.utils.data import DataLoader

from ..contracts.data import Augmentation, Dataset, TrainingCrop
from ..contracts.records import TrialSpec
from ..experiments.label_fraction import labelled_subset
from ..files.shared_memory import Bytes, can_fork, scratch_zeros, shared_zeros
from .batch import stack
from .crops import TrainingCrops
from .decoded import DecodedImages, Footprint, measure
from .foreground import ForegroundRows
from .object_numbers import numbering
from .processes import ALONE, Processes
from .sampler import DrawSampler, Share

MOST_WORKERS = 8
PREFETCH = 4
"""Batches that each loader process makes ahead."""
MEMORY_SHARE = 0.25
"""Of the memory that is free: decoded images of all trials that run at once."""
DISK_SHARE = 0.5
"""Of the disk that is free, where decoded images do not fit in that memory."""
MIB = 2**20

Place = Literal["memory maps", "memory", "a scratch file", "memory, as far as they fit"]


@dataclass(frozen=True, slots=True)
class LoaderPlan:
    """How batches are loaded; no number depends on it."""

    workers: int
    """Processes that make batches; 0: the one that trains does."""
    pinned: bool
    """Whether batches lie in memory that a GPU reads by itself."""
    place: Place
    """Where decoded images are kept."""
    images: int
    kept_bytes: int
    """Of decoded images; 0 for memory maps."""

    def __str__(self) -> str:
        by = f"{self.workers} processes, {PREFETCH} batches ahead each" if self.workers else "no processes"
        pinned = ", pinned memory" if self.pinned else ""
        size = f" ({max(1, round(self.kept_bytes / MIB))} MiB)" if self.kept_bytes else ""
        return f"loader: {by}{pinned}; {self.images} images in {self.place}{size}"


def make_loader(
    dataset: Dataset,
    spec: TrialSpec,
    augmentation: Augmentation,
    device: torch.device,
    scratch: Path,
    trials: int,
    processes: Processes = ALONE,
    *,
    instances: bool = False,
) -> tuple[DataLoader[TrainingCrop], LoaderPlan]:
    """Load the training batches of a trial.

    Args:
        dataset: Its train split is trained on.
        spec: Recipe, label fraction and seed.
        augmentation: Makes the crops.
        device: That trains.
        scratch: Folder for decoded images that do not fit in memory.
        trials: How many run on this machine at once, and share it.
        processes: Those that train this one together, each with its part of every batch.
        instances: Whether crops carry numbers of true objects.

    Returns:
        A loader that gives a `Batch` per step, and what was chosen.
    """
    recipe, manifest = spec.recipe, dataset.manifest
    trials *= processes.local_count
    cases = labelled_subset(manifest.split("train"), spec.label_fraction, spec.seed)
    footprint = measure(dataset, cases, instances=instances)
    memory, place = keep(footprint, scratch, int(psutil.virtual_memory().available * MEMORY_SHARE) // trials)
    plan = LoaderPlan(
        workers=choose_workers(device, trials),
        pinned=device.type == "cuda",
        place=place,
        images=len(cases),
        kept_bytes=footprint.fitting(len(memory)),
    )
    crops = TrainingCrops(
        DecodedImages(dataset, cases, footprint, memory),
        ForegroundRows(cases, len(manifest.class_names), manifest.ignore_value),
        augmentation,
        spec.seed,
        numbering(manifest) if instances else None,
    )
    share = Share(recipe.batch_size // recipe.accumulate, processes.rank, processes.count)
    sampler = DrawSampler(len(cases), spec.seed, recipe.iterations * recipe.batch_size, share=share)
    return _loader(crops, sampler, recipe.batch_size // processes.count, plan), plan


def choose_workers(device: torch.device, trials: int) -> int:
    """Choose how many processes make batches: none beside a CPU that computes, some beside a GPU."""
    if device.type == "cpu" or not can_fork():
        return 0
    return min(MOST_WORKERS, max(1, (os.cpu_count() or 1) // trials))


def keep(footprint: Footprint, scratch: Path, budget: int) -> tuple[Bytes, Place]:
    """Find room for decoded images: memory, or a file where they do not fit, or what memory there is.

    Args:
        footprint: What they take.
        scratch: Folder for the file.
        budget: Memory that they may take, bytes.
    """
    if not footprint.total:
        return shared_zeros(0), "memory maps"
    if footprint.total <= budget:
        return shared_zeros(footprint.total), "memory"
    if footprint.total <= shutil.disk_usage(scratch).free * DISK_SHARE:
        return scratch_zeros(footprint.total, scratch), "a scratch file"
    return shared_zeros(footprint.fitting(budget)), "memory, as far as they fit"


def _loader(
    crops: TrainingCrops, sampler: DrawSampler, batch_size: int, plan: LoaderPlan
) -> DataLoader[TrainingCrop]:
    """Make the loader; its processes are forked, so that they share decoded images."""
    return DataLoader(
        crops,
        batch_size,
        sampler=sampler,
        num_workers=plan.workers,
        collate_fn=stack,
        pin_memory=plan.pinned,
        multiprocessing_context=multiprocessing.get_context("fork") if plan.workers else None,
        prefetch_factor=PREFETCH if plan.workers else None,
        generator=torch.Generator(),  # its own, so that making an iterator draws nothing from the trial's
    )
