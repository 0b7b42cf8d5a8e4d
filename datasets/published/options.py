"""Options that published datasets share: how their volumes are divided into train, val and test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Lt

from ...benchmark.contracts.basics import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialOptions:
    """Of datasets that are published with a train and a test part."""

    __pydantic_config__ = STRICT

    val_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of each training volume, at its end, that validates, where no val part was published."""
    gap: Annotated[int, Ge(-1)] = -1
    """Sections between train and val that are used for nothing; -1: 50 nm of them, but at least one."""
    split: str = "official"
    """``official``, or the name of another division that published work used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleOptions:
    """Of datasets that are published in one piece."""

    __pydantic_config__ = STRICT

    val_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the sections that validates; at least one section."""
    test_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the sections that tests; at least one section."""
    gap: Annotated[int, Ge(-1)] = -1
    """Sections between blocks that are used for nothing; -1: 50 nm of them, but at least one."""
    order: Annotated[int, Ge(0)] = 0
    """In which order the blocks stand: 0 is train, val, test; 6 orders in all."""
    folds: Annotated[int, Ge(0)] = 0
    """Blocks of a k-fold cross-validation, 2 or more; 0: none."""
    fold: Annotated[int, Ge(0)] = 0
    """Which of the folds tests, from 0."""
