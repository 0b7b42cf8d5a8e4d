"""The smallest words of the contracts: what names, options and validated types are made of."""

from __future__ import annotations

from typing import (
    Literal,
    TypeAlias,
    TypeVar,
)

LazyReference: TypeAlias = str
"""``"module:attribute"``: names an object without importing it."""


OptionValue: TypeAlias = str | int | float | bool


Precision: TypeAlias = Literal["fp32", "bf16"]


Need: TypeAlias = Literal["voxel size", "probabilities"]
"""What a metric may need beyond label maps."""


T = TypeVar("T")


STRICT = {"extra": "forbid", "allow_inf_nan": False}
"""Pydantic settings of every validated type here: an unknown key is an error, never ignored, and so is a
number that is none."""


RECORD_VERSION: Literal[1] = 1
"""Of ``record.json``."""
