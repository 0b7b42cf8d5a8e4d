"""Adaptive average pooling in a form that exporters follow at any sides: products with matrices of shares.

PyTorch takes the mean of rows floor(i H / h) to ceil((i + 1) H / h) - 1 for row i of h.  What
is made of its operator in an ONNX file looks for pixels beyond the border.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class SharePool(nn.Module):
    """The same as `torch.nn.AdaptiveAvgPool2d`.

    Args:
        size: Height and width of what it gives; None: as they are.
    """

    def __init__(self, size: tuple[int | None, int | None]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W)."""
        height, width = self.size
        if height is not None:
            x = _shares(x, -2, height) @ x
        return x if width is None else x @ _shares(x, -1, width).T


def _shares(x: Tensor, axis: int, parts: int) -> Tensor:
    """Give the share (parts, length) that each place along an axis has in each part's mean."""
    length = x.shape[axis]
    part, place = torch.arange(parts)[:, None], torch.arange(length)[None]
    first, behind = part * length // parts, ((part + 1) * length + parts - 1) // parts
    inside = ((place >= first) & (place < behind)).to(x.dtype)
    return inside / inside.sum(1, keepdim=True)


@contextmanager
def shares_for_pools(module: nn.Module) -> Iterator[None]:
    """Put `SharePool` in the place of a module's adaptive average pooling for a while."""
    found = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.AdaptiveAvgPool2d) and child.output_size not in (1, (1, 1))
    ]
    try:
        for parent, name, child in found:
            size = child.output_size
            height, width = (size, size) if isinstance(size, int) or size is None else size
            setattr(parent, name, SharePool((height, width)))
        yield
    finally:
        for parent, name, child in found:
            setattr(parent, name, child)
