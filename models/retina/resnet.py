"""The convolutional stem of RETINA's TransUNet: three stages of a weight-standardised ResNet-50.

After He et al. 2016 (residual units), Wu & He 2018 (GroupNorm) and Qiao et al. 2019 (weight
standardisation), in the arrangement of TransUNet (Chen et al. 2021, arXiv:2102.04306).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .folding import FoldCache, may_fold

WIDTH = 64
STAGES = (3, 4, 9)
"""Residual units per stage."""
OUT_CHANNELS = 1024
SKIP_CHANNELS = (512, 256, 64)
"""Channels of the skip connections, deepest first."""
STANDARDISATION_EPS = 1e-5
NORM_EPS = 1e-6
NORM_GROUPS = 32


class StdConv2d(nn.Conv2d):
    """Convolution without bias whose filters are standardised at each use; the raw weight is stored.

    Each filter becomes (w - mean) / sqrt(variance + 1e-5), with the biased variance over its inputs
    (Qiao et al. 2019, arXiv:1903.10520), in the weight's own precision whatever autocast says.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self._cache = FoldCache()

    def train(self, mode: bool = True) -> StdConv2d:
        """Switch between training and inference; either way, fold anew."""
        self._cache.clear()
        super().train(mode)
        return self

    def standardised(self) -> Tensor:
        """The weight in use, (outputs, inputs, kernel, kernel)."""
        # Batch statistics over one "image" of `outputs` channels are exactly the filters' own.
        filters = self.weight.reshape(1, self.out_channels, -1)
        return F.batch_norm(filters, None, None, training=True, eps=STANDARDISATION_EPS).view_as(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, inputs, H, W)."""
        if may_fold(self):
            weight, _ = self._cache.get((self.weight,), lambda: (self.standardised(), None))
        else:
            weight = self.standardised()
        return F.conv2d(x, weight, None, self.stride, self.padding)


class ChannelNorm(nn.GroupNorm):
    """GroupNorm with one group per channel and PyTorch's default eps of 1e-5."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, channels, H, W)."""
        # PyTorch's channels_last kernel for the CPU is several times slower with groups this small, and
        # nn.GroupNorm refuses the single pixel that is left of a 16 px image.
        return torch.group_norm(x.contiguous(), self.num_groups, self.weight, self.bias, self.eps)


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(NORM_GROUPS, channels, eps=NORM_EPS)


class Bottleneck(nn.Module):
    """Residual unit 1x1 -> 3x3 -> 1x1; the 3x3 carries the stride, ReLU follows the addition."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        width = outputs // 4
        self.gn1 = _norm(width)
        self.conv1 = StdConv2d(inputs, width, 1)
        self.gn2 = _norm(width)
        self.conv2 = StdConv2d(width, width, 3, stride)
        self.gn3 = _norm(outputs)
        self.conv3 = StdConv2d(width, outputs, 1)
        self.downsample: StdConv2d | None = None
        if inputs != outputs or stride != 1:
            self.downsample = StdConv2d(inputs, outputs, 1, stride)
            self.gn_proj = ChannelNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride), rounded up."""
        shortcut = x if self.downsample is None else self.gn_proj(self.downsample(x))
        x = F.relu_(self.gn1(self.conv1(x)))
        x = F.relu_(self.gn2(self.conv2(x)))
        return F.relu_(self.gn3(self.conv3(x)).add_(shortcut))


def _stage(inputs: int, outputs: int, units: int, stride: int) -> nn.Sequential:
    first = Bottleneck(inputs, outputs, stride)
    rest = [Bottleneck(outputs, outputs) for _ in range(units - 1)]
    return nn.Sequential(OrderedDict((f"unit{i}", unit) for i, unit in enumerate([first, *rest], start=1)))


class StemFeatures(NamedTuple):
    """What the stem makes of (N, 1 or 3, H, W)."""

    trunk: Tensor
    """(N, 1024, H / 16, W / 16)"""
    skips: tuple[Tensor, Tensor, Tensor]
    """Deepest first: 512 channels at 1/8, 256 at 1/4, 64 at 1/2."""


class ResNetStem(nn.Module):
    """ResNet-50 v2 without its fourth stage."""

    def __init__(self) -> None:
        super().__init__()
        self.root = nn.Sequential(
            OrderedDict(conv=StdConv2d(3, WIDTH, 7, 2), gn=_norm(WIDTH), relu=nn.ReLU(inplace=True))
        )
        self.body = nn.Sequential(
            OrderedDict(
                block1=_stage(WIDTH, 4 * WIDTH, STAGES[0], stride=1),
                block2=_stage(4 * WIDTH, 8 * WIDTH, STAGES[1], stride=2),
                block3=_stage(8 * WIDTH, OUT_CHANNELS, STAGES[2], stride=2),
            )
        )

    def forward(self, x: Tensor) -> StemFeatures:
        """Map (N, 1 or 3, H, W) to features; H and W are multiples of 16."""
        half = self.root(x.expand(-1, 3, -1, -1))  # one grey channel counts as three equal ones
        # The pool is unpadded, so H / 2 becomes H / 4 - 1: one row and one column short ...
        block1, block2, block3 = self.body
        quarter = block1(F.max_pool2d(half, kernel_size=3, stride=2))
        eighth = block2(quarter)
        # ... which the trunk makes up for by rounding up, and the decoder's skip by zeros.
        return StemFeatures(block3(eighth), (eighth, F.pad(quarter, (0, 1, 0, 1)), half))
