"""From what a recipe names to what trains with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from mmengine.optim import OptimWrapper, _ParamScheduler
from torch import Tensor, nn

from ..contracts.errors import TrialError
from ..contracts.settings import Recipe
from ..experiments.methods import Method, Methods
from ..plugins.lazy import resolve
from ..plugins.strangers import blaming
from .optimisation import build_schedules


@dataclass(frozen=True, slots=True)
class TrainingLoss:
    """A loss, and what it is asked for: `num_logits` channels, labels with `ignore_value`."""

    module: nn.Module
    num_logits: int
    ignore_value: int | None
    name: str
    running_iou: bool
    """Whether the training curve shows a running IoU beside it."""

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
    _check_type(module, nn.Module, "loss", method)
    return TrainingLoss(
        module.to(device), num_logits, ignore_value, method.reference, method.offer.card.running_iou
    )


def make_schedules(methods: Methods, optimiser: OptimWrapper, recipe: Recipe) -> list[_ParamScheduler]:
    """Make the schedule that a recipe names, and the warm-up before it.

    Raises:
        PluginError: Its factory cannot be loaded, or fails.
        TrialError: It returned something else.
    """
    method = methods.schedule

    def fall(wrapper: OptimWrapper, begin: int, iterations: int) -> _ParamScheduler:
        with blaming(method.offer, "making it"):
            factory = resolve(method.offer.card.factory, method.offer)
            made = factory(wrapper, begin, iterations, **method.options)
        _check_type(made, _ParamScheduler, "schedule", method)
        return made

    return build_schedules(optimiser, recipe, fall)


def _check_type(made: object, expected: type[Any], kind: str, method: Method[Any]) -> None:
    if not isinstance(made, expected):
        raise TrialError(
            f"the {kind} {method.reference} could not be made: its factory returned {type(made).__name__}, "
            f"expected {expected.__module__.partition('.')[0]}'s {expected.__name__.lstrip('_')}"
        )
