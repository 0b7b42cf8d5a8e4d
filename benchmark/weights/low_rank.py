"""What low-rank adapters add to weights (LoRA, Hu et al. 2022, arXiv:2106.09685)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Factors(NamedTuple):
    """What is added to one weight: `scale` times the product of `up` and `down`."""

    down: Tensor
    """(rank, inputs), or (rank, inputs, height, width) of a convolution."""
    up: Tensor
    """(outputs, rank), or (outputs, rank, 1, 1)."""
    scale: float

    def fits(self, weight: Tensor) -> bool:
        """Tell whether the product has a weight's shape, before anything is computed."""
        if not 2 <= weight.ndim == self.down.ndim == self.up.ndim:
            return False
        outputs, *rest = weight.shape
        rank = len(self.down)
        return list(self.down.shape[1:]) == rest and list(self.up.shape) == [
            outputs,
            rank,
            *(1 for _ in rest[1:]),
        ]

    def product(self) -> Tensor:
        """Give what is added, (outputs, inputs) or (outputs, inputs, height, width)."""
        product = self.up.flatten(1) @ self.down.flatten(1)
        return self.scale * product.reshape(len(product), *self.down.shape[1:])


def merged_weight(weight: Tensor, factors: Factors) -> Tensor:
    """Add what was learnt to a weight."""
    return weight + factors.product().to(weight.dtype)
