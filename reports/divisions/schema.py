"""What a closed and an open board of the same data say of the models that stand on both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...benchmark.contracts.records import MetricSpec
from ..statistics import Estimate

Surely: TypeAlias = Literal["on both boards", "on the closed board", "on the open board", "on neither board"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A model on one of the two boards."""

    model: str
    """Its row's name there."""
    place: int
    """In the board's order, among the models that stand on both."""
    test: Estimate
    """Mean score over seeds."""
    validation: Estimate
    """Of the states that were tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBoth:
    """A model that stands on both boards."""

    model: str
    """Its name on the closed one."""
    closed: Standing
    open: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Two models of which the closed board has one first, and the open board the other."""

    one: str
    """First on the closed board."""
    other: str
    surely: Surely
    """Where the board's own verdict tells the two apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divisions:
    """One closed and one open board of the same data, protocol and recipe to begin with."""

    title: str
    slug: str
    closed: str
    """Titles of the boards."""
    open: str
    metric: MetricSpec
    models: tuple[OnBoth, ...]
    """In the order of the open board."""
    turned: tuple[Turned, ...]
    summary: str
    remarks: tuple[str, ...] = ()
