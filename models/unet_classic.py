"""The U-Net as it was first published (Ronneberger, Fischer & Brox 2015, doi:10.1007/978-3-319-24574-4_28).

Unpadded convolutions, 64 to 1024 channels, up-convolutions, dropout at the end of the contracting path, no
normalisation.  The paper does not give the dropout's rate; 0.5, at the two deepest levels, is that of the
network that its authors released.  What a model cannot bring along is left to the recipe: the paper trains
with momentum 0.99 and weighs the borders between touching cells.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Border: TypeAlias = Literal["mirror", "zero"]

CHANNELS = (64, 128, 256, 512, 1024)
"""Of the levels, the finest first."""
DROPOUT = 0.5
DROPPED_LEVELS = 2
"""The deepest levels, whose features dropout thins out."""
MARGIN = 94
"""Width of the mirrored border, px: 92 px are lost to the unpadded convolutions (the paper's 572 px become
388 px), and with 2 px more every pooling meets an even side where the image's is a multiple of 16."""


class UNetClassic(nn.Module):
    """Contracting path, expansive path with the contracting path's features beside it, 1x1 convolution.

    Args:
        in_channels: Channels of the image.
        num_classes: Output channels.
        border: ``mirror`` or ``zero``, see `create`.
    """

    def __init__(self, in_channels: int, num_classes: int, border: Border) -> None:
        super().__init__()
        padding = 1 if border == "zero" else 0
        self._margin = 0 if padding else MARGIN
        inputs = (in_channels, *CHANNELS)
        thinned = [0.0] * (len(CHANNELS) - DROPPED_LEVELS) + [DROPOUT] * DROPPED_LEVELS
        self.encoder = nn.ModuleList(
            _convolutions(before, after, padding, dropout)
            for (before, after), dropout in zip(pairwise(inputs), thinned, strict=True)
        )
        upwards = list(pairwise(reversed(CHANNELS)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(deep, fine, 2, stride=2) for deep, fine in upwards)
        self.decoder = nn.ModuleList(_convolutions(deep, fine, padding) for deep, fine in upwards)
        self.head = nn.Conv2d(CHANNELS[0], num_classes, 1)
        self.apply(_initialise)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W), H and W multiples of 16, to logits (N, num_classes, H, W)."""
        height, width = x.shape[2:]
        first, *deeper = self.encoder
        skips = [first(mirror(x, self._margin))]
        for level in deeper:
            skips.append(level(F.max_pool2d(skips[-1], 2)))
        features = skips.pop()
        for up, merge in zip(self.up, self.decoder, strict=True):
            raised = up(features)
            features = merge(torch.cat([_centre(skips.pop(), *raised.shape[2:]), raised], dim=1))
        return _centre(self.head(features), height, width)


def create(in_channels: int, num_classes: int, border: Border = "mirror") -> UNetClassic:
    """Build the U-Net with random weights.

    Args:
        in_channels: Channels of the image.
        num_classes: Output channels.
        border: ``mirror``: as published, unpadded convolutions over the image and its mirror image around
            it (the paper's overlap-tile strategy).  It mirrors at the ends of whatever it is given, crops
            and windows included, where the paper's tiles saw the image itself.  ``zero``: convolutions
            padded with zeros, as in most re-implementations; the same weights, and much less work on
            small crops, where the mirrored border is most of the input.
    """
    return UNetClassic(in_channels, num_classes, border)


def mirror(x: Tensor, margin: int) -> Tensor:
    """Surround (N, C, H, W) by `margin` px of its mirror images, over and over where it is smaller.

    The border pixel itself is not repeated.
    """
    if not margin:
        return x
    rows, columns = (_reflected(length, margin, x.device) for length in x.shape[2:])
    return x.index_select(2, rows).index_select(3, columns)


def _reflected(length: int, margin: int, device: torch.device) -> Tensor:
    """Give the positions 0 ... `length` - 1 that lie at -`margin` ... `length` + `margin` - 1."""
    period = max(2 * (length - 1), 1)
    place = torch.arange(-margin, length + margin, device=device)
    place = place.remainder(torch.full((1,), period, device=device))  # a tensor: ONNX divides by no symbol
    return torch.minimum(place, period - place)


def _centre(x: Tensor, height: int, width: int) -> Tensor:
    """Cut the middle (N, C, `height`, `width`) out of (N, C, H, W)."""
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]


def _convolutions(inputs: int, outputs: int, padding: int, dropout: float = 0.0) -> nn.Sequential:
    """Two 3x3 convolutions, each with its ReLU; then dropout, if any."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=padding), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *([nn.Dropout(dropout)] if dropout else []))


def _initialise(module: nn.Module) -> None:
    """Draw weights with a deviation of sqrt(2 / N), N the inputs of one output pixel; biases are 0."""
    if isinstance(module, nn.ConvTranspose2d):  # its stride is its side: one pixel of every input channel
        incoming = module.in_channels
    elif isinstance(module, nn.Conv2d):
        incoming = module.in_channels * module.kernel_size[0] * module.kernel_size[1]
    else:
        return
    nn.init.normal_(module.weight, std=sqrt(2 / incoming))
    if module.bias is not None:
        nn.init.zeros_(module.bias)
