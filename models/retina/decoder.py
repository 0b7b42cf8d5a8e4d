"""The decoder of RETINA's TransUNet: a cascade of upsampling blocks with skip connections."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .config import TransUNetConfig
from .folding import FoldCache, Folded, may_fold
from .resnet import SKIP_CHANNELS

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

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W)."""
        if may_fold(self):
            weight, bias = self._cache.get((*self.parameters(), *self.buffers()), self._fused)
            return F.relu_(F.conv2d(x, weight, bias, padding=1))
        for layer in self:
            x = layer(x)
        return x

    def _fused(self) -> Folded:
        fused = fuse_conv_bn_eval(cast(nn.Conv2d, self[0]), cast(nn.BatchNorm2d, self[1]))
        return fused.weight.detach(), None if fused.bias is None else fused.bias.detach()


class DecoderBlock(nn.Module):
    """Double the sides (bilinear, corners aligned), append the skip connection, convolve twice."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = ConvUnit(inputs + skip, outputs)
        self.conv2 = ConvUnit(outputs, outputs)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        """Map (N, inputs, H, W) and a skip connection (N, skip, 2 H, 2 W) to (N, outputs, 2 H, 2 W)."""
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        if skip is not None:
            x = torch.cat([x, skip], dim=1)
        out: Tensor = self.conv2(self.conv1(x))
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
