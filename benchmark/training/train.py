"""Trains one network by one recipe; the best validation state is what it leaves in the network."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from ..contracts import Dataset, Normalisation, Recipe, TrialSpec
from ..label_fraction import labelled_subset
from .crops import TrainingCrops
from .loss import SegmentationLoss
from .module import TrainingModule
from .optimisation import AutocastOptimWrapper, build_optimiser, build_schedules
from .resume import ResumeHook
from .runner import TrialRunner
from .sampler import DrawSampler
from .state import TrainingState
from .validation import Score, ValidationHook
from .watch import WatchHook

RESUME_POINT = "resume.pt"
CACHE_BYTES = 2 * 1024**3
"""Decoded training images that a trial keeps in memory; the rest are read again for each draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSetup:
    """Where training happens and what it may use; nothing here changes a number."""

    device: torch.device
    folder: Path
    """For the resume point, and for mmengine."""
    fingerprint: str
    checkpoint_seconds: float
    tell: Callable[[int, float], None]
    """Called now and then with the steps done and the last loss."""


def crop_side(recipe: Recipe, size_divisor: int) -> int:
    """Round the recipe's crop up to a multiple of the model's size divisor, px."""
    return -(-recipe.crop // size_divisor) * size_divisor


def train(
    network: nn.Module,
    dataset: Dataset,
    spec: TrialSpec,
    normalisation: Normalisation,
    score: Score,
    setup: TrainingSetup,
) -> TrainingState:
    """Train `network` in place, going on from the folder's resume point if there is one.

    Args:
        network: On its device; maps (N, C, H, W) to logits (N, K, H, W).
        dataset: Its train split is trained on.
        spec: Recipe, label fraction, seed and the metric that chooses the best state.
        normalisation: Of the images.
        score: Gives that metric on the validation split.
        setup: Device, folder, progress.

    Raises:
        TrialError: The loss became NaN, or the network's output has the wrong shape.
    """
    recipe, manifest, state = spec.recipe, dataset.manifest, TrainingState()
    watch = WatchHook(state, recipe.iterations, setup.tell)
    resume = ResumeHook(
        setup.folder / RESUME_POINT, setup.fingerprint, setup.checkpoint_seconds, state, watch
    )
    loss = SegmentationLoss(recipe, manifest.num_logits, manifest.ignore_value).to(setup.device)
    optimiser = _optimiser(network, recipe, setup.device)
    runner = TrialRunner(
        TrainingModule(network, loss, normalisation, setup.device),
        _loader(dataset, spec, setup.device),
        recipe.iterations,
        optimiser,
        build_schedules(optimiser, recipe),
        [watch, _validation(network, spec, score, state, watch), resume],
        setup.folder / "mmengine",
        spec.seed,
        deterministic=recipe.deterministic,
    )
    runner.train()
    watch.pause()
    network.load_state_dict(state.best_weights)
    return state


def _optimiser(network: nn.Module, recipe: Recipe, device: torch.device) -> AutocastOptimWrapper:
    return AutocastOptimWrapper(
        build_optimiser(network, recipe),
        device.type,
        bf16=recipe.precision == "bf16",
        largest_norm=recipe.clip_gradient_norm,
    )


def _validation(
    network: nn.Module, spec: TrialSpec, score: Score, state: TrainingState, watch: WatchHook
) -> ValidationHook:
    primary = next(metric for metric in spec.metrics if metric.name == spec.protocol.primary)
    return ValidationHook(
        state,
        watch,
        network,
        score,
        primary.name,
        higher_is_better=primary.direction == "higher",
        iterations=spec.recipe.iterations,
        times=spec.recipe.validations,
    )


def loader_workers(device: torch.device) -> int:
    """Choose how many processes prepare batches: none beside a CPU that computes, some beside a GPU."""
    return 0 if device.type == "cpu" else min(8, os.cpu_count() or 1)


def _loader(
    dataset: Dataset, spec: TrialSpec, device: torch.device
) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
    recipe, manifest = spec.recipe, dataset.manifest
    cases = labelled_subset(manifest.split("train"), spec.label_fraction, spec.seed)
    workers = loader_workers(device)
    crops = TrainingCrops(
        dataset,
        cases,
        recipe,
        crop_side(recipe, spec.model.size_divisor),
        spec.seed,
        manifest.ignore_value,
        cache_bytes=CACHE_BYTES // max(1, workers),
    )
    return DataLoader(
        crops,
        recipe.batch_size,
        sampler=DrawSampler(len(cases), spec.seed, recipe.iterations * recipe.batch_size),
        num_workers=workers,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # its own, so that making an iterator draws nothing from the trial's
    )
