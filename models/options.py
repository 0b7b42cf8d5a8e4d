"""The options of the built-in models; each stands in a reference as ``name[option=value]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import MinLen

from ..benchmark.contracts import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class RetinaOptions:
    """Options of ``retina``."""

    __pydantic_config__ = STRICT

    hidden: Literal[192, 768] = 192
    """Width of the transformer: 192 as published for fine-tuning, 768 as in ViT-B/16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetOptions:
    """Options of ``unet``."""

    __pydantic_config__ = STRICT

    encoder: Annotated[str, MinLen(1)] = "resnet34"
    """Any encoder of segmentation_models_pytorch; ``tu-NAME`` for one of timm's."""
