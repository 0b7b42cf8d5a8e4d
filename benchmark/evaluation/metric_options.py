"""Options of the built-in metrics; light, since cards name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from ..contracts.basics import STRICT


@dataclass(frozen=True, slots=True)
class BandShare:
    """How wide a boundary is, relative to the image."""

    __pydantic_config__ = STRICT

    ratio: Annotated[float, Gt(0), Le(1)] = 0.02
    """Of the image's (volume's) diagonal in px, rounded to whole px, at least 1."""


@dataclass(frozen=True, slots=True)
class BandWidth:
    """How wide a boundary is, in nm."""

    __pydantic_config__ = STRICT

    width_nm: Annotated[float, Gt(0), Le(1e6)] = 20.0
    """At least the voxel's shortest side is taken."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far surfaces may lie apart and still agree."""

    __pydantic_config__ = STRICT

    tolerance_nm: Annotated[float, Gt(0), Le(1e6)] = 20.0
    """As far as two annotators of the same data disagree; the default is arbitrary."""


@dataclass(frozen=True, slots=True)
class Matching:
    """When a predicted object counts as found."""

    __pydantic_config__ = STRICT

    iou: Annotated[float, Gt(0), Le(1)] = 0.5
    """Least intersection over union of a matched pair."""


@dataclass(frozen=True, slots=True)
class Bins:
    """How finely probabilities are told apart."""

    __pydantic_config__ = STRICT

    bins: Annotated[int, Ge(1), Le(10_000)] = 15
    """Of equal width, from 0 to 1."""
