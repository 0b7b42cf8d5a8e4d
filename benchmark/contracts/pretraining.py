"""The words of pre-training: its recipes and its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Protocol,
)

from annotated_types import Ge, Gt, Le, Lt

from .basics import STRICT
from .data import Normalisation

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingRecipe:
    """Everything about pre-training that is neither the method, the model nor the images."""

    __pydantic_config__ = STRICT

    name: str
    epochs: Annotated[int, Ge(1), Le(10_000_000)]
    """Passes over the images, each without the images that would not fill a batch."""
    steps_per_epoch: Annotated[int, Ge(0), Le(10_000_000)] = 0
    """Optimiser steps that count as a pass; 0: what the images give, at least one."""
    schedule_epochs: Annotated[int, Ge(0), Le(10_000_000)] = 0
    """Passes after which the learning rate would reach its end; 0: as many as `epochs`."""
    batch_size: Annotated[int, Ge(1), Le(65_536)]
    """Images per optimiser step, over all processes and accumulated parts together."""
    accumulate: Annotated[int, Ge(1), Le(65_536)] = 1
    """Parts that a process takes its share of a batch in, one after another, to fit into memory."""
    crop: Annotated[int, Ge(16), Le(32_768)] = 224
    """Side of the images that the network sees, px."""
    tile: Annotated[int, Ge(0), Le(32_768)] = 224
    """Images with longer sides are seen as several images of about this side, px; 0: as they are."""
    optimiser: str = "sgd"
    """Reference to the optimiser: ``sgd``, ``adamw[beta2=0.95]``."""
    learning_rate: Annotated[float, Gt(0), Le(100)] = 0.003
    weight_decay: Annotated[float, Ge(0), Le(100)] = 1e-4
    """Of all parameters, biases and normalisation scales included."""
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    """Of SGD; the first beta of AdamW."""
    schedule: str = "cosine"
    """Reference to how the learning rate falls, without warm-up: ``cosine``, ``step``."""
    normalisation: Normalisation | None = None
    """None: mean and standard deviation of the images themselves."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 autocast where the hardware has it, else fp32."""
    save_every: Annotated[int, Ge(1), Le(10_000_000)] = 20
    """Epochs between two weight files that are kept."""
    panels_every: Annotated[int, Ge(0), Le(10_000_000)] = 20
    """Epochs between two sheets of example pictures; 0: none."""


class PretrainingMethod(Protocol):
    """One pre-training in progress."""

    @property
    def module(self) -> nn.Module:
        """What is trained: called with a batch of views, it returns the loss, a scalar.

        All that resuming needs is in its ``state_dict``.
        """

    def views(
        self, image: np.ndarray[Any, Any], rng: np.random.Generator
    ) -> tuple[np.ndarray[Any, Any], ...]:
        """Make the network's views of one image: (H, W) uint8 to arrays of fixed shapes.

        `rng` decides everything; the views of many images are stacked and given to `module`.
        """

    def after_step(self) -> None:
        """Do what must follow an optimiser step, such as moving an average of the weights."""

    def weights(self) -> Mapping[str, Tensor]:
        """Give the trained weights under the names that the model's weight files use."""

    def panels(self, views: Sequence[Tensor]) -> Mapping[str, Tensor] | None:
        """Picture some views for people: titles to (N, H, W) on the 0-1 scale; None: nothing to show."""
