"""The decoder of RETINA's TransUNet: a cascade of upsampling blocks with skip connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .config import TransUNetConfig
from .folding import FoldCache, Folded, may_fold
from .resnet import SKIP_CHANNELS
from .winograd_ops import convolve, folded_filters, suits, winograd

HEAD_CHANNELS = 512
OUT_CHANNELS = (256, 128, 64, 16)
"""Output channels of the blocks, deepest first."""


class ConvUnit(nn.Sequential):
    """3x3 convolution without bias, BatchNorm, ReLU; in inference one biased convolution and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )
        self._cache = FoldCache()

    def train(self, mode: bool = True) -> ConvUnit:
        """Switch between training and inference; either way, fold anew."""
        self._cache.clear()
        super().train(mode)
        return self

    def forward(self, x: Tensor | None, coarse: Tensor | None = None) -> Tensor:
        """Convolve the concatenation of the doubled `coarse` and `x`; one of them may be missing.

        Args:
            x: (N, B, H, W).
            coarse: (N, A, H / 2, W / 2), to be doubled (bilinear, corners aligned).

        Returns:
            (N, outputs, H, W).
        """
        weight = cast(Tensor, self[0].weight)
        if suits(weight, x, coarse):
            return self._in_tiles(weight, x, coarse)
        joined = _joined(x, coarse)
        if may_fold(self):
            weight, bias = self._folded("fused", self._fused)
            return F.relu_(F.conv2d(joined, weight, bias, padding=1))
        for layer in self:
            joined = layer(joined)
        return joined

    def _in_tiles(self, weight: Tensor, x: Tensor | None, coarse: Tensor | None) -> Tensor:
        if may_fold(self):
            filters, bias = self._folded("tiles", self._fused_filters)
            return winograd(coarse, x, filters, bias, True)
        normalised: Tensor = self[1](convolve(weight, coarse, x))
        return F.relu_(normalised)

    def _folded(self, kind: str, fold: Callable[[], Folded]) -> Folded:
        return self._cache.get(kind, (*self.parameters(), *self.buffers()), fold)

    def _fused(self) -> Folded:
        fused = fuse_conv_bn_eval(cast(nn.Conv2d, self[0]), cast(nn.BatchNorm2d, self[1]))
        return fused.weight.detach(), None if fused.bias is None else fused.bias.detach()

    def _fused_filters(self) -> Folded:
        weight, bias = self._fused()
        return folded_filters(weight), bias


def _joined(x: Tensor | None, coarse: Tensor | None) -> Tensor:
    if coarse is None:
        assert x is not None  # noqa: S101 - one of the two is given
        return x
    doubled = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    return doubled if x is None else torch.cat([doubled, x], dim=1)


class DecoderBlock(nn.Module):
    """Double the sides (bilinear, corners aligned), append the skip connection, convolve twice."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = ConvUnit(inputs + skip, outputs)
        self.conv2 = ConvUnit(outputs, outputs)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        """Map (N, inputs, H, W) and a skip connection (N, skip, 2 H, 2 W) to (N, outputs, 2 H, 2 W)."""
        out: Tensor = self.conv2(self.conv1(skip, x))
        return out


class Decoder(nn.Module):
    """From the transformer's map back to the image's sides."""

    def __init__(self, config: TransUNetConfig) -> None:
        super().__init__()
        self.conv_more = ConvUnit(config.hidden, HEAD_CHANNELS)
        inputs = (HEAD_CHANNELS, *OUT_CHANNELS)
        skips = (*SKIP_CHANNELS, 0)
        self.blocks = nn.ModuleList(map(DecoderBlock, inputs, skips, OUT_CHANNELS))

    def forward(self, x: Tensor, skips: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Map (N, hidden, H / 16, W / 16) and `skips`, deepest first, to (N, 16, H, W)."""
        x = self.conv_more(x)
        for block, skip in zip(self.blocks, (*skips, None), strict=True):
            x = block(x, skip)
        return x


class ReconstructionHead(nn.Module):
    """Pre-training's output: one 3x3 convolution to a grey image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(OUT_CHANNELS[-1], 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 16, H, W) to (N, 1, H, W)."""
        out: Tensor = self.conv1(x)
        return out
