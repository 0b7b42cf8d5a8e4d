"""Options of the dataset ``synthetic-em``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Le

from ...benchmark.contracts.basics import STRICT

GENERATOR_VERSION: Final = 1
"""Raised whenever the same options would give other pixels."""

CLASS_NAMES: Final = ("background", "membrane", "mitochondria", "vesicle", "nucleus")
"""By label; background is cytoplasm and whatever else no class covers."""

VOXEL_SIZE_NM: Final = (8.0, 8.0)
"""(y, x)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticOptions:
    """What is drawn; the same options give the same pixels."""

    __pydantic_config__ = STRICT

    size: Annotated[int, Ge(64), Le(1024)] = 256
    """Side of the square images, px of 8 nm."""
    train: Annotated[int, Ge(1), Le(10_000)] = 24
    """Training images."""
    val: Annotated[int, Ge(1), Le(10_000)] = 6
    """Validation images."""
    test: Annotated[int, Ge(1), Le(10_000)] = 8
    """Test images."""
    seed: Annotated[int, Ge(0)] = 0
    """Another seed gives other tissue."""
