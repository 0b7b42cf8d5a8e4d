"""Optimiser and learning-rate schedule of a pre-training recipe."""

from __future__ import annotations

import torch
from mmengine.optim import _ParamScheduler
from torch import nn

from ...benchmark.experiments.methods import find_method
from ...benchmark.plugins.registry import Catalogue
from ...benchmark.training.methods import make_optimiser, make_schedule
from ...benchmark.training.optimisation import AutocastOptimWrapper, parameter_groups
from .spec import PretrainingSpec


def build_optimiser(
    module: nn.Module, spec: PretrainingSpec, catalogue: Catalogue, device: torch.device
) -> AutocastOptimWrapper:
    """Build the recipe's optimiser over the parameters that train, all of them decayed.

    Raises:
        PluginError: Its factory cannot be loaded, or fails.
        TrialError: It returned something else.
    """
    method = find_method(catalogue.optimisers, spec.recipe.optimiser, catalogue, spec.methods)
    groups = parameter_groups(module, decay_vectors=True)
    return AutocastOptimWrapper(
        make_optimiser(method, groups, spec.recipe),
        device.type,
        bf16=spec.recipe.precision == "bf16",
        largest_norm=0.0,
    )


def build_schedule(
    optimiser: AutocastOptimWrapper, spec: PretrainingSpec, catalogue: Catalogue
) -> _ParamScheduler:
    """Build the recipe's schedule, stepped per optimiser step.

    Raises:
        PluginError: Its factory cannot be loaded, or fails.
        TrialError: It returned something else.
    """
    method = find_method(catalogue.schedules, spec.recipe.schedule, catalogue, spec.methods)
    return make_schedule(method, optimiser, 0, spec.schedule_steps)
