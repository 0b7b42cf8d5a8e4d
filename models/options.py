"""The options of the models but smp's family; each stands in a reference as ``name[option=value]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from ..benchmark.contracts.basics import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class RetinaOptions:
    """Options of ``retina``."""

    __pydantic_config__ = STRICT

    hidden: Literal[192, 768] = 192
    """Width of the transformer: 192 as published for fine-tuning, 768 as in ViT-B/16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetClassicOptions:
    """Options of ``unet-classic``."""

    __pydantic_config__ = STRICT

    border: Literal["mirror", "zero"] = "mirror"
    """mirror: unpadded convolutions over the image and its mirror image around it, as published; zero:
    padded convolutions, as in most re-implementations: the same weights, less work on small crops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NnUNetOptions:
    """Options of ``nnunet-resenc``."""

    __pydantic_config__ = STRICT

    stages: Annotated[int, Ge(2), Le(6)] = 6
    """Resolutions of the encoder; nnU-Net takes 5 for crops of 64 to 127 px, and 6 from 128 px."""
