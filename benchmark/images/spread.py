"""Choosing some cases of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def spread(cases: Sequence[T], number: int) -> Sequence[T]:
    """Choose so many cases, evenly spread; 0: all."""
    if not 0 < number < len(cases):
        return cases
    return [cases[round(i * (len(cases) - 1) / max(number - 1, 1))] for i in range(number)]
