"""The options of emseg-bench's own augmentation and optimisers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Lt

from ..contracts.basics import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationOptions:
    """Seeded random changes of a training crop; every probability is per sample."""

    __pydantic_config__ = STRICT

    flip: Annotated[float, Ge(0), Le(1)] = 0.5
    """Probability of a horizontal flip, and independently of a vertical one."""
    rotate90: bool = True
    """Rotate by a random multiple of 90 degrees."""
    affine: Annotated[float, Ge(0), Le(1)] = 0.0
    """Probability of a random rotation (any angle) and zoom (0.8 to 1.25)."""
    brightness: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Largest change of brightness, as a share of the grey range."""
    contrast: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Largest change of contrast, as a factor about 1."""
    noise: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Largest standard deviation of added Gaussian noise, as a share of the grey range."""
    blur: Annotated[float, Ge(0), Le(1)] = 0.0
    """Probability of a Gaussian blur (sigma 0.5 to 1.5 px)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamWOptions:
    """Of AdamW, beside the recipe's learning rate, weight decay and momentum, its first beta."""

    __pydantic_config__ = STRICT

    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    """How slowly the mean of squared gradients forgets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SGDOptions:
    """Of SGD, beside the recipe's learning rate, weight decay and momentum."""

    __pydantic_config__ = STRICT

    nesterov: bool = False
    """Look ahead by the momentum; the recipe's must not be 0 then."""
