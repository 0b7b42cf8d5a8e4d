"""The layout in memory that networks run fastest in, for whatever dimensions their weights have."""

from __future__ import annotations

from itertools import chain
from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def channels_last(network: M) -> M:
    """Lay a network's tensors of four axes out channels last, in place; give it back.

    That is the layout of images (N, C, H, W) and of the weights that convolve them.  Weights of other
    dimensions, such as those of a ``Conv3d``, have no such layout and stay as they are, which
    ``Module.to(memory_format=torch.channels_last)`` refuses.
    """
    for tensor in chain(network.parameters(), network.buffers()):
        if tensor.ndim == 4:
            tensor.data = tensor.data.to(memory_format=torch.channels_last)
    return network
