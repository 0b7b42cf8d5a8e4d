"""The words of search spaces: what tuning may try for one value of a recipe or option of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from annotated_types import MinLen

from .basics import STRICT, OptionValue


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatRange:
    """Numbers from `low` to `high`, both included."""

    __pydantic_config__ = STRICT

    low: float
    high: float
    log: bool = False
    """Whether every factor is as likely as any other, rather than every difference."""
    step: float | None = None
    """Between two values; None: any value.  Not together with `log`."""
    type: Literal["float"] = "float"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntRange:
    """Whole numbers from `low` to `high`, both included."""

    __pydantic_config__ = STRICT

    low: int
    high: int
    log: bool = False
    step: int = 1
    """Between two values; 1 together with `log`."""
    type: Literal["int"] = "int"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several values, of which no two are nearer to each other than others."""

    __pydantic_config__ = STRICT

    choices: Annotated[tuple[OptionValue, ...], MinLen(1)]
    type: Literal["choice"] = "choice"


Parameter: TypeAlias = FloatRange | IntRange | Choice
