"""What training knows beside the weights that it is changing: its best state, its curve, its times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from ..profiling.memory import MemoryPeak
from ..weights.low_rank import Factors
from .optimiser_size import OptimiserSize


class CurvePoint(NamedTuple):
    """One value of one series, for `Trial.curve`."""

    iteration: int
    series: str
    value: float


@dataclass(slots=True)
class TrainingState:
    """Grows during training; saved in every resume point."""

    curve: list[CurvePoint] = field(default_factory=list)
    best_score: float | None = None
    best_iteration: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    """On the CPU; empty before the first validation."""
    train_seconds: float = 0.0
    """Without validation and saving."""
    compile_seconds: float = 0.0
    """First steps that compile, one of each session; 0: none does."""
    compiled: int = 0
    """How many of them there were."""
    validation_seconds: float = 0.0
    pruned_at: int | None = None
    """Iteration after which it was not worth going on."""
    resumed: int = 0
    dropped: int = 0
    """How often a damaged resume point was dropped."""
    factors: Mapping[str, Factors] = field(default_factory=dict)
    """What adapters have added, by the names of weights, when training has ended."""
    optimiser: OptimiserSize | None = None
    """Of the last step; None while training goes on."""
    memory: MemoryPeak | None = None
    """Most of all sessions and processes when training ended; None before."""
