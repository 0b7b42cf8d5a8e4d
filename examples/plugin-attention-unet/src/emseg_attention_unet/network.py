"""Attention U-Net in two dimensions (Oktay et al. 2018, arXiv:1804.03999).

As in the paper: additive attention gates on every skip connection but the finest, whose features are too
shallow to be judged; gates that begin nearly open; a grid of coefficients at the coarser level's
resolution, resampled to the finer one's.  Unlike it: images instead of volumes, and no deep supervision.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEVELS = 5
"""Resolutions, the finest included: sides must be multiples of 2 ** 4 px."""

OPEN = 2.0
"""A gate's first bias: it then lets 88 % of everything through."""


class AttentionUNet(nn.Module):
    """Map images (N, C, H, W) to logits (N, K, H, W), H and W multiples of 16 px.

    Args:
        in_channels: C.
        num_classes: K.
        width: Channels at full resolution.
    """

    def __init__(self, in_channels: int, num_classes: int, width: int = 32) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS)]
        self.encoder = nn.ModuleList(double_convolution(a, b) for a, b in pairwise([in_channels, *widths]))
        upwards = list(pairwise(reversed(widths)))
        self.up = nn.ModuleList(convolution(coarse, fine) for coarse, fine in upwards)
        self.gates = nn.ModuleList(AttentionGate(fine, coarse) for coarse, fine in upwards[:-1])
        self.decoder = nn.ModuleList(double_convolution(2 * fine, fine) for _, fine in upwards)
        self.head = nn.Conv2d(width, num_classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        x, *skips = reversed(self.encode(images))
        for level, skip in enumerate(skips):
            gated = self.gates[level](skip, x) if level < len(self.gates) else skip
            x = self.up[level](F.interpolate(x, scale_factor=2, mode="bilinear"))
            x = self.decoder[level](torch.cat([gated, x], dim=1))
        logits: Tensor = self.head(x)
        return logits

    def encode(self, images: Tensor) -> list[Tensor]:
        """Return the features of every level, the finest first."""
        features = [self.encoder[0](images)]
        for block in self.encoder[1:]:
            features.append(block(F.max_pool2d(features[-1], 2)))
        return features


class AttentionGate(nn.Module):
    """Weigh features by what a coarser level makes of their place (the paper's equations 1 and 2).

    Args:
        channels: Of the features.
        gating_channels: Of the coarser level's features, half as high and wide.
    """

    def __init__(self, channels: int, gating_channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.of_features = nn.Conv2d(channels, inner, 2, stride=2, bias=False)
        self.of_gating = nn.Conv2d(gating_channels, inner, 1)
        self.score = nn.Conv2d(inner, 1, 1)
        nn.init.constant_(self.score.bias, OPEN)

    def forward(self, features: Tensor, gating: Tensor) -> Tensor:
        """Return `features` (N, C, H, W), weighed with one number between 0 and 1 for each pixel."""
        weights = torch.sigmoid(self.score(F.relu(self.of_features(features) + self.of_gating(gating))))
        return features * F.interpolate(weights, size=features.shape[-2:], mode="bilinear")


def double_convolution(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two 3 x 3 convolutions."""
    return nn.Sequential(convolution(in_channels, out_channels), convolution(out_channels, out_channels))


def convolution(in_channels: int, out_channels: int) -> nn.Sequential:
    """Make a 3 x 3 convolution with batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )
