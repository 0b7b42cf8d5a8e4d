"""Optimiser and learning-rate schedule of a pre-training recipe."""

from __future__ import annotations

from typing import TypeAlias

import torch
from mmengine.optim import CosineAnnealingLR, MultiStepLR, PolyLR
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from ...benchmark.contracts.pretraining import PretrainingRecipe
from ...benchmark.training.optimisation import AutocastOptimWrapper
from ...papers.retina_training import schedule as poly_retina_2025
from .spec import PretrainingSpec

Schedule: TypeAlias = CosineAnnealingLR | MultiStepLR | PolyLR

STEPS = (0.6, 0.8)
"""Shares of the passes after which the rate falls to a tenth: 120 and 160 of 200 (He et al. 2020)."""


def build_optimiser(
    module: nn.Module, recipe: PretrainingRecipe, device: torch.device
) -> AutocastOptimWrapper:
    """Build the recipe's optimiser over the parameters that train, all of them decayed."""
    return AutocastOptimWrapper(
        _optimiser([p for p in module.parameters() if p.requires_grad], recipe),
        device.type,
        bf16=recipe.precision == "bf16",
        largest_norm=0.0,
    )


def build_schedule(optimiser: AutocastOptimWrapper, spec: PretrainingSpec) -> Schedule:
    """Build the recipe's schedule, stepped per optimiser step."""
    total = spec.schedule_steps
    if spec.recipe.schedule == "poly-retina-2025":
        return poly_retina_2025(optimiser, 0, total)
    if spec.recipe.schedule == "step":
        marks = [round(share * total) for share in STEPS]
        return MultiStepLR(optimiser, milestones=marks, gamma=0.1, by_epoch=False)
    return CosineAnnealingLR(optimiser, T_max=total, eta_min=0.0, begin=0, end=total + 1, by_epoch=False)


def _optimiser(parameters: list[nn.Parameter], recipe: PretrainingRecipe) -> Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "sgd":
        return SGD(parameters, rate, recipe.momentum, weight_decay=decay)
    return AdamW(parameters, rate, (recipe.momentum, 0.999), weight_decay=decay)
