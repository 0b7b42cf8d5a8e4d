"""A loss under test: made for a binary task and for three classes, and given batches of known labels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import torch
from torch import Tensor, nn

from ..benchmark.contracts.errors import EmsegError
from ..benchmark.contracts.settings import Recipe
from .card_checks import CardBench
from .findings import BlockedError, relying

RECIPE: Final = Recipe(name="contract", iterations=4, batch_size=2, crop=64)

TASKS: Final = (1, 3)
"""Logits of a binary task, and of three classes."""

IGNORED: Final = 255

SIDE: Final = 24
"""Of the crops, px."""


class LossBench(CardBench):
    """A loss under test."""

    def make(self, num_logits: int, ignore_value: int | None = IGNORED, **changes: Any) -> Any:
        """Call the factory, as training does; `changes` are the recipe's."""
        recipe = Recipe(**{name: getattr(RECIPE, name) for name in RECIPE.__dataclass_fields__} | changes)
        return self.factory()(recipe, num_logits, ignore_value, **self.options)

    @cached_property
    def modules(self) -> Mapping[int, nn.Module]:
        """Its modules by their number of logits, for labels some of which are ignored; not those it refuses.

        Raises:
            BlockedError: It cannot be made; `check_builds` says why.
        """
        made = {}
        for task in TASKS:
            try:
                with relying("it cannot be made"):
                    made[task] = self.make(task)
            except BlockedError as error:
                if not isinstance(error.__cause__, EmsegError):
                    raise
        if not made or not all(isinstance(module, nn.Module) for module in made.values()):
            raise BlockedError("its factory gives no module")
        return made

    @cached_property
    def tasks(self) -> tuple[int, ...]:
        """The numbers of logits that it is made for, and gives a finite loss of.

        Raises:
            BlockedError: It does not; `check_scalar` says what is wrong.
        """
        losses = [self.value(task, make_logits(task), make_labels(task)) for task in self.modules]
        if not all(bool(torch.isfinite(loss)) for loss in losses):
            raise BlockedError("its loss is not finite")
        return (*self.modules,)

    def value(self, task: int, logits: Tensor, labels: Tensor) -> Tensor:
        """Give the loss of a batch.

        Raises:
            BlockedError: It is no scalar; `check_scalar` says what is wrong.
        """
        module = self.modules[task]
        with relying("it gives no scalar"):
            loss = module(logits, labels)
        if not isinstance(loss, Tensor) or loss.ndim:
            raise BlockedError("it gives no scalar")
        return loss

    def number(self, task: int, logits: Tensor, labels: Tensor) -> float:
        """Give the loss of a batch as a number; raises as `value` does."""
        return self.value(task, logits, labels).item()


def make_labels(task: int) -> Tensor:
    """Draw labels (2, S, S) int64 of all classes, in stripes."""
    classes = max(2, task)
    stripes = torch.arange(SIDE) // 4 % classes
    return torch.stack([stripes.expand(SIDE, SIDE), stripes.expand(SIDE, SIDE).T]).contiguous()


def make_logits(task: int) -> Tensor:
    """Draw logits (2, K, S, S) that know nothing of the labels."""
    return torch.randn(2, task, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def right_logits(task: int, certainty: float = 3.0) -> Tensor:
    """Give logits (2, K, S, S) that are right everywhere."""
    labels = make_labels(task)
    truth = labels[:, None] if task == 1 else nn.functional.one_hot(labels, task).movedim(-1, 1)
    return certainty * (2 * truth.float() - 1)
