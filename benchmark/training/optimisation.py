"""Optimisers, autocast and schedules of the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, MultiStepLR, OptimWrapper, PolyLR, _ParamScheduler
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from ..contracts.errors import UsageError
from ..contracts.pretraining import PretrainingRecipe
from ..contracts.settings import Recipe

POLY_POWER = 0.9
WARMUP_START = 0.01
FALLS = (0.6, 0.8)
"""Shares of the steps after which the rate falls: 120 and 160 of 200 epochs (He et al. 2020)."""

Groups: TypeAlias = list[dict[str, Any]]
"""Parameters as ``torch.optim`` takes them."""

Fall: TypeAlias = Callable[[OptimWrapper, int, int], _ParamScheduler]
"""From the optimiser, the first step that is not warm-up and the number of steps to a schedule."""


class AutocastOptimWrapper(OptimWrapper):  # type: ignore[misc]
    """Runs the forward pass under autocast on any device (mmengine's own refuses the CPU).

    Args:
        optimizer: Any.
        device: Type of the device.
        bf16: Whether to compute in bfloat16; parameters stay float32.
        largest_norm: L2 norm that gradients are clipped to; 0: not at all.
    """

    def __init__(self, optimizer: Optimizer, device: str, *, bf16: bool, largest_norm: float) -> None:
        super().__init__(optimizer, clip_grad={"max_norm": largest_norm} if largest_norm else None)
        self._device, self._bf16 = device, bf16

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enter autocast for the forward pass."""
        with super().optim_context(model), torch.autocast(self._device, torch.bfloat16, enabled=self._bf16):
            yield

    def _clip_grad(self) -> None:
        # mmengine's also logs the norm of every step: a wait for the GPU, and a buffer that grows.
        parameters = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        torch.nn.utils.clip_grad_norm_(parameters, **self.clip_grad_kwargs)


def parameter_groups(model: nn.Module, *, decay_vectors: bool) -> Groups:
    """Group the parameters that train.

    Biases and normalisation scales (all 1-D parameters) are not decayed, unless `decay_vectors` says so.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    vectors = [] if decay_vectors else [p for p in trainable if p.ndim <= 1]
    spared = {id(p) for p in vectors}
    groups: Groups = [
        {"params": [p for p in trainable if id(p) not in spared]},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def adamw(groups: Groups, recipe: Recipe | PretrainingRecipe, beta2: float) -> AdamW:
    """Build AdamW; the recipe's momentum is the first beta."""
    return AdamW(groups, recipe.learning_rate, (recipe.momentum, beta2), weight_decay=recipe.weight_decay)


def sgd(groups: Groups, recipe: Recipe | PretrainingRecipe, *, nesterov: bool) -> SGD:
    """Build SGD with momentum.

    Raises:
        UsageError: Nesterov's momentum is 0.
    """
    if nesterov and not recipe.momentum:
        raise UsageError("recipe.momentum: got 0, expected more than 0 for sgd[nesterov=true].")
    return SGD(
        groups, recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=nesterov
    )


def cosine(optimiser: OptimWrapper, begin: int, iterations: int) -> CosineAnnealingLR:
    """Build the fall along half a cosine; the rate is 0 after the last step, not in it."""
    return CosineAnnealingLR(
        optimiser, T_max=iterations - begin, eta_min=0.0, begin=begin, end=iterations + 1, by_epoch=False
    )


def poly(optimiser: OptimWrapper, begin: int, iterations: int) -> PolyLR:
    """Build the fall by a power; mmengine's `end` is one past the last value."""
    return PolyLR(optimiser, eta_min=0.0, power=POLY_POWER, begin=begin, end=iterations + 1, by_epoch=False)


def step(optimiser: OptimWrapper, begin: int, iterations: int) -> MultiStepLR:
    """Build the fall to a tenth after 60 % of the steps, and again after 80 %."""
    marks = [begin + round(share * (iterations - begin)) for share in FALLS]
    return MultiStepLR(optimiser, milestones=marks, gamma=0.1, by_epoch=False)


def build_schedules(optimiser: OptimWrapper, recipe: Recipe, fall: Fall) -> list[_ParamScheduler]:
    """Build the linear warm-up and the fall that follows it, both stepped per iteration."""
    warmup = round(recipe.warmup * recipe.iterations)
    then = fall(optimiser, warmup, recipe.iterations)
    if not warmup:
        return [then]
    end = max(warmup, 2)  # of one step there is no line; the rate must not stay where it starts
    return [LinearLR(optimiser, start_factor=WARMUP_START, begin=0, end=end, by_epoch=False), then]
