"""From what a recipe names to what trains with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.optim import OptimWrapper, _ParamScheduler
from torch import Tensor, nn
from torch.optim import Optimizer

from ..contracts.cards import AugmentationCard, OptimiserCard, ScheduleCard
from ..contracts.data import Augmentation, Foreground, Sample, TrainingCrop
from ..contracts.errors import TrialError
from ..contracts.pretraining import PretrainingRecipe
from ..contracts.settings import Recipe
from ..experiments.methods import Method, Methods
from ..plugins.lazy import resolve
from ..plugins.strangers import blaming
from .optimisation import Groups, build_schedules, parameter_groups


@dataclass(frozen=True, slots=True)
class TrainingLoss:
    """A loss, and what it is asked for: `num_logits` channels, labels with `ignore_value`."""

    module: nn.Module
    num_logits: int
    ignore_value: int | None
    name: str
    shown: Mapping[str, nn.Module] = field(default_factory=dict)
    """What the training curve shows beside it, from logits and labels."""

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Give the loss of a batch.

        Raises:
            TrialError: It is no scalar.
        """
        loss = self.module(logits, labels)
        if not isinstance(loss, Tensor) or loss.ndim:
            got = f"a tensor {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
            raise TrialError(f"the loss {self.name} returned {got}, expected a scalar tensor.")
        return loss


def make_loss(
    methods: Methods, recipe: Recipe, num_logits: int, ignore_value: int | None, device: torch.device
) -> TrainingLoss:
    """Make the loss that a recipe names.

    Raises:
        PluginError: Its factory cannot be loaded, or fails.
        TrialError: It returned something else.
    """
    method = methods.loss
    with blaming(method.offer, "making it"):
        factory = resolve(method.offer.card.factory, method.offer)
        module = factory(recipe, num_logits, ignore_value, **method.options)
        shown = {
            name: resolve(reference, method.offer)(ignore_value)
            for name, reference in method.offer.card.shown.items()
        }
    for made in (module, *shown.values()):
        _check_type(made, nn.Module, "loss", method)
    return TrainingLoss(
        module.to(device),
        num_logits,
        ignore_value,
        method.reference,
        {name: one.to(device) for name, one in shown.items()},
    )


def make_optimiser(
    method: Method[OptimiserCard], groups: Groups, recipe: Recipe | PretrainingRecipe
) -> Optimizer:
    """Make an optimiser of parameters.

    Raises:
        PluginError: Its factory cannot be loaded, or fails.
        TrialError: It returned something else.
    """
    with blaming(method.offer, "making it"):
        made = resolve(method.offer.card.factory, method.offer)(groups, recipe, **method.options)
    _check_type(made, Optimizer, "optimiser", method)
    optimiser: Optimizer = made
    return optimiser


def build_optimiser(methods: Methods, network: nn.Module, recipe: Recipe) -> Optimizer:
    """Make the optimiser that a recipe names, of a network's parameters that train; see `make_optimiser`."""
    groups = parameter_groups(network, decay_vectors=recipe.decay_vectors)
    return make_optimiser(methods.optimiser, groups, recipe)


def make_schedules(methods: Methods, optimiser: OptimWrapper, recipe: Recipe) -> list[_ParamScheduler]:
    """Make the schedule that a recipe names, and the warm-up before it.

    Raises:
        PluginError: Its factory cannot be loaded, or fails.
        TrialError: It returned something else.
    """
    return build_schedules(optimiser, recipe, partial(make_schedule, methods.schedule))


def make_schedule(
    method: Method[ScheduleCard], optimiser: OptimWrapper, begin: int, iterations: int
) -> _ParamScheduler:
    """Make a schedule that begins after some steps of warm-up.

    Raises:
        PluginError: Its factory cannot be loaded, or fails.
        TrialError: It returned something else.
    """
    with blaming(method.offer, "making it"):
        factory = resolve(method.offer.card.factory, method.offer)
        made = factory(optimiser, begin, iterations, **method.options)
    _check_type(made, _ParamScheduler, "schedule", method)
    return made


@dataclass(frozen=True, slots=True)
class CheckedAugmentation:
    """Cuts crops, and holds them to what they must be."""

    method: Method[AugmentationCard]
    cut: Augmentation
    side: int

    def __call__(self, sample: Sample, foreground: Foreground, rng: np.random.Generator) -> TrainingCrop:
        """Cut one crop.

        Raises:
            PluginError: The augmentation failed.
            TrialError: What it returned is no crop.
        """
        with blaming(self.method.offer, "cutting a training crop"):
            crop = self.cut(sample, foreground, rng)
        _check_type(crop, TrainingCrop, "crop of the augmentation", self.method)
        shape = (len(sample.image), self.side, self.side)
        image, labels = crop.image, crop.labels
        fits = (image.shape, labels.shape) == (shape, shape[1:]) and labels.dtype == np.uint8
        if not fits or image.dtype not in (np.uint8, np.float32):
            raise TrialError(
                f"the augmentation {self.method.reference} made an image {image.shape} {image.dtype} and "
                f"labels {labels.shape} {labels.dtype}, expected {shape} uint8 or float32, and {shape[1:]} "
                "uint8."
            )
        numbers = crop.instances
        if numbers is not None and (numbers.shape, numbers.dtype) != (shape[1:], np.int32):
            raise TrialError(
                f"the augmentation {self.method.reference} made numbers of objects {numbers.shape} "
                f"{numbers.dtype}, expected {shape[1:]} int32."
            )
        return crop


def make_augmentation(
    methods: Methods, recipe: Recipe, side: int, ignore_value: int | None
) -> CheckedAugmentation:
    """Make the augmentation that a recipe names, for crops of a side, px.

    Raises:
        PluginError: Its factory cannot be loaded, or fails.
    """
    method = methods.augmentation
    with blaming(method.offer, "making it"):
        factory = resolve(method.offer.card.factory, method.offer)
        return CheckedAugmentation(method, factory(recipe, side, ignore_value, **method.options), side)


def _check_type(made: object, expected: type[Any], kind: str, method: Method[Any]) -> None:
    if not isinstance(made, expected):
        raise TrialError(
            f"the {kind} {method.reference} could not be made: its factory returned {type(made).__name__}, "
            f"expected {expected.__module__.partition('.')[0]}'s {expected.__name__.lstrip('_')}"
        )
