"""The convolutional stem of RETINA's TransUNet: three stages of a weight-standardised ResNet-50.

After He et al. 2016 (residual units), Wu & He 2018 (GroupNorm) and Qiao et al. 2019 (weight
standardisation), in the arrangement of TransUNet (Chen et al. 2021, arXiv:2102.04306).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .folding import FoldCache, may_fold
from .winograd_ops import convolve, folded_filters, suits, winograd

WIDTH = 64
STAGES = (3, 4, 9)
"""Residual units per stage."""
OUT_CHANNELS = 1024
SKIP_CHANNELS = (512, 256, 64)
"""Channels of the skip connections, deepest first."""
STANDARDISATION_EPS = 1e-5
NORM_EPS = 1e-6
NORM_GROUPS = 32


def _is_channels_last_on_cpu(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.is_contiguous(memory_format=torch.channels_last)


class StdConv2d(nn.Conv2d):
    """Convolution without bias whose filters are standardised at each use; the raw weight is stored.

    Each filter becomes (w - mean) / sqrt(variance + 1e-5), with the biased variance over its inputs
    (Qiao et al. 2019, arXiv:1903.10520), in the weight's own precision whatever autocast says.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self._cache = FoldCache()
        self._in_tiles = kernel == 3 and stride == 1

    def train(self, mode: bool = True) -> StdConv2d:
        """Switch between training and inference; either way, fold anew."""
        self._cache.clear()
        super().train(mode)
        return self

    def standardised(self) -> Tensor:
        """The weight in use, (outputs, inputs, kernel, kernel)."""
        if torch.compiler.is_exporting():  # exported networks hold no batch statistics
            variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3), correction=0, keepdim=True)
            return (self.weight - mean) * torch.rsqrt(variance + STANDARDISATION_EPS)
        # Batch statistics over one "image" of `outputs` channels are exactly the filters' own.
        filters = self.weight.reshape(1, self.out_channels, -1)
        return F.batch_norm(filters, None, None, training=True, eps=STANDARDISATION_EPS).view_as(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, inputs, H, W); one channel counts as `inputs` equal ones."""
        if self._in_tiles and suits(self.weight, x):
            return self._convolve_in_tiles(x)
        summed = x.shape[1] == 1
        weight = self._folded("summed", self._summed) if summed else self._folded("plain", self.standardised)
        return F.conv2d(x, weight, None, self.stride, self.padding)

    def _convolve_in_tiles(self, x: Tensor) -> Tensor:
        if may_fold(self):
            filters = self._folded("tiles", lambda: folded_filters(self.standardised()))
            return winograd(None, x, filters, None, False)
        return convolve(self.standardised(), None, x)

    def _summed(self) -> Tensor:
        """(outputs, 1, kernel, kernel): what meets equal channels; a third of the work for grey images."""
        return self.standardised().sum(1, keepdim=True)

    def _folded(self, kind: str, fold: Callable[[], Tensor]) -> Tensor:
        if not may_fold(self):
            return fold()
        return self._cache.get(kind, (self.weight,), lambda: (fold(), None))[0]


class ChannelNorm(nn.GroupNorm):
    """GroupNorm with one group per channel and PyTorch's default eps of 1e-5."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, channels, H, W)."""
        if not _is_channels_last_on_cpu(x) or torch.compiler.is_exporting():
            # nn.GroupNorm refuses the single pixel that is left of a 16 px image.
            return torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
        # PyTorch's channels_last kernel for the CPU is up to 15 times slower with groups this small than
        # batch statistics image by image, which are the same numbers.
        return torch.cat([self._normalise(image) for image in torch.split(x, 1)])

    def _normalise(self, image: Tensor) -> Tensor:
        return torch.batch_norm(image, self.weight, self.bias, None, None, True, 0.0, self.eps, False)


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


def _channels_last(x: Tensor) -> Tensor:
    """The layout in which the CPU's kernels are fastest; the layers that follow keep it."""
    if x.device.type != "cpu":
        return x
    images, channels, height, width = x.shape
    # Strides alone tell a single channel's layout, and only reshaping sets them.
    nhwc = x.permute(0, 2, 3, 1).contiguous().reshape(-1).view(images, height, width, channels)
    return nhwc.permute(0, 3, 1, 2)


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
        half = self.root(_channels_last(x))
        # The pool is unpadded, so H / 2 becomes H / 4 - 1: one row and one column short ...
        block1, block2, block3 = self.body
        quarter = block1(F.max_pool2d(half, kernel_size=3, stride=2))
        eighth = block2(quarter)
        # ... which the trunk makes up for by rounding up, and the decoder's skip by zeros.
        return StemFeatures(block3(eighth), (eighth, F.pad(quarter, (0, 1, 0, 1)), half))
