"""How much an optimiser changes, and remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from torch import Tensor
from torch.optim import Optimizer


@dataclass(frozen=True, slots=True)
class OptimiserSize:
    """What training costs by the parameters that it changes."""

    parameters: int
    """Numbers that it changes; a shared one counts once."""
    state_mib: float
    """MiB of the tensors that it keeps from step to step, such as running means of gradients."""

    @classmethod
    def of(cls, optimiser: Optimizer) -> Self:
        """Measure an optimiser that has taken a step."""
        numbers = sum(one.numel() for group in optimiser.param_groups for one in group["params"])
        kept = [value for state in optimiser.state.values() for value in state.values()]
        tensors = [value for value in kept if isinstance(value, Tensor)]
        return cls(numbers, sum(one.numel() * one.element_size() for one in tensors) / 2**20)
