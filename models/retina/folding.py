"""Weights prepared once for inference instead of at every forward pass.

Standardising a convolution's weight, or applying a BatchNorm behind it, gives the same result at
every forward pass of a model that is not being trained.  A `FoldCache` keeps that result, in the
precision that autocast asks for, until one of its source tensors changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

Folded: TypeAlias = tuple[Tensor, Tensor | None]
"""A convolution's (weight, bias), ready for use."""


def may_fold(module: nn.Module) -> bool:
    """Whether `module` only infers now: all of it in eval mode, no gradient to follow, not being compiled."""
    if torch.is_grad_enabled() or torch.compiler.is_compiling():
        return False
    return not any(part.training for part in module.modules())


def _working_dtype(tensor: Tensor) -> torch.dtype:
    kind = tensor.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tensor.dtype


class FoldCache:
    """Holds folded weights for as long as the tensors they came from stay as they were."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] | None = None
        self._folded: Folded | None = None

    def clear(self) -> None:
        """Forget the folded weights."""
        self._key = self._folded = None

    def get(self, kind: str, sources: tuple[Tensor, ...], fold: Callable[[], Folded]) -> Folded:
        """Return ``fold()`` in the working precision, computed anew only if `sources` have changed.

        Args:
            kind: Names what `fold` computes; another kind replaces it.
            sources: The tensors that the result depends on; a change of storage, of content (as
                counted by autograd) or of the working precision makes a new one.
            fold: Computes (weight, bias).
        """
        if any(source.is_inference() for source in sources):
            return fold()  # such tensors count no changes
        dtype = _working_dtype(sources[0])
        key = (kind, dtype, *((source.data_ptr(), source._version) for source in sources))
        if self._folded is None or key != self._key:
            weight, bias = fold()
            self._folded = weight.to(dtype), None if bias is None else bias.to(dtype)
            self._key = key
        return self._folded

    def __deepcopy__(self, memo: dict[int, object]) -> FoldCache:
        """A copied module starts with nothing folded."""
        return FoldCache()

    def __reduce__(self) -> tuple[type[FoldCache], tuple[()]]:
        """Likewise for a pickled one."""
        return FoldCache, ()
