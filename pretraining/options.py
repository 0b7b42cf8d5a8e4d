"""The options of the built-in pre-training methods; ``--set method.OPTION=VALUE`` changes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

from ..benchmark.contracts.basics import STRICT

Probability = Annotated[float, Ge(0), Le(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconstructionOptions:
    """How images are changed and spoilt before they are reconstructed; the defaults are as published."""

    __pydantic_config__ = STRICT

    geometry: Probability = 0.5
    """Of a horizontal flip, of a vertical flip and of a rotation, each by itself, of input and target."""
    smallest_crop: Annotated[float, Gt(0), Le(1)] = 0.08
    """Least share of the image that the crop shows."""
    brightness_contrast: Probability = 0.5
    """Of a change of the input's brightness and contrast, by up to 0.3 each."""
    noise: Probability = 0.5
    """Of Gaussian noise in the input, variance 400 to 1200 on the 0-255 scale."""
    blur: Probability = 0.5
    """Of a Gaussian blur of the input, kernel 3 to 7 px."""
    holes: Probability = 0.5
    """Of 1 to 32 black squares of 16 px in the input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoCoOptions:
    """Sizes of MoCo v2; the defaults are as published."""

    __pydantic_config__ = STRICT

    queue: Annotated[int, Ge(1), Le(2**24)] = 65_536
    """Keys of past images that a query is told apart from."""
    features: Annotated[int, Ge(1), Le(65_536)] = 128
    """Length of a key."""
    temperature: Annotated[float, Ge(1e-3), Le(1_000)] = 0.2
    """Divides similarities before the softmax."""
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.999
    """Share of the key encoder's weights that stays in a step; the rest comes from the query encoder."""
