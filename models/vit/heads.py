"""From a vision transformer's maps to features at one resolution, on which a classifier works."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from segmentation_models_pytorch.decoders.dpt.decoder import DPTDecoder
from segmentation_models_pytorch.decoders.fpn.decoder import FPNDecoder
from timm.layers import LayerNorm2d
from torch import Tensor, nn

_GROUPS = 8
"""Of group normalisation: no statistics over a batch, which may hold one image."""
_PYRAMID = (4, 8, 16, 32)
"""Strides of the maps that a pyramid's decoder takes; of patches of 14 px, a bit less each."""


class Stacked(nn.Module):
    """All maps at the resolution of the finest, behind one another; nothing is learnt.

    Args:
        widths: Channels of the maps.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.out_channels = sum(widths)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map (N, D, h, w) each to (N, sum of D, h, w)."""
        side = maps[0].shape[2:]
        resized = [
            one if one.shape[2:] == side else F.interpolate(one, side, mode="bilinear") for one in maps
        ]
        return torch.cat(resized, dim=1) if len(resized) > 1 else resized[0]


class Upsampling(nn.Module):
    """Convolutions, each after doubling the side, until features have half the image's (Zheng et al. 2021).

    Args:
        widths: Channels of the maps.
        stride: Of the finest map, px.
        width: Channels of the first convolution; each further one has half as many.
    """

    def __init__(self, widths: Sequence[int], stride: int, width: int = 256) -> None:
        super().__init__()
        self.stacked = Stacked(widths)
        steps = max(0, round(math.log2(stride)) - 1)
        sizes = [width >> step for step in range(steps + 1)]
        self.project = _normed(nn.Conv2d(self.stacked.out_channels, width, 1, bias=False))
        self.steps = nn.ModuleList(
            _normed(nn.Conv2d(before, after, 3, padding=1, bias=False)) for before, after in pairwise(sizes)
        )
        self.out_channels = sizes[-1]

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map (N, D, h, w) each to features (N, `out_channels`, H/2, W/2), or about that."""
        features: Tensor = self.project(self.stacked(maps))
        for step in self.steps:
            features = step(F.interpolate(features, scale_factor=2.0, mode="bilinear"))
        return features


class FeaturePyramid(nn.Module):
    """A semantic feature pyramid (Kirillov et al. 2019).

    Of a plain transformer's maps a simple one is made first (Li et al. 2022, arXiv:2203.16527).

    Args:
        widths: Channels of the four maps.
        pyramid: Whether they are a pyramid already.
    """

    def __init__(self, widths: Sequence[int], *, pyramid: bool) -> None:
        super().__init__()
        self.rescale = nn.ModuleList(
            nn.Identity() if pyramid else _rescaled(width, level) for level, width in enumerate(widths)
        )
        self.decoder = FPNDecoder(list(widths), encoder_depth=len(widths))
        self.out_channels: int = self.decoder.out_channels

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map four maps to features (N, `out_channels`, h, w) at the finest resolution."""
        features: Tensor = self.decoder(
            [rescale(one) for rescale, one in zip(self.rescale, maps, strict=True)]
        )
        return features


class DensePrediction(nn.Module):
    """The decoder of DPT (Ranftl et al. 2021), without the class token: maps alone count.

    Args:
        widths: Channels of the four maps.
        pyramid: Whether they are a pyramid already.
    """

    def __init__(self, widths: Sequence[int], *, pyramid: bool) -> None:
        super().__init__()
        deepest = widths[-1]
        self.out_channels = 256
        self.decoder = DPTDecoder(
            encoder_out_channels=tuple(widths),
            encoder_output_strides=_PYRAMID if pyramid else (16,) * len(widths),
            encoder_has_prefix_tokens=False,
            readout="ignore",
            intermediate_channels=tuple(deepest >> shift for shift in (3, 2, 1, 0)),
            fusion_channels=self.out_channels,
        )

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map four maps to features (N, `out_channels`, H/2, W/2), or about that."""
        features: Tensor = self.decoder(maps, [None] * len(maps))
        return features


def norms(widths: Sequence[int], *, normed: bool) -> nn.ModuleList:
    """Give what norms maps that come out of a transformer's blocks as they are.

    Args:
        widths: Channels of the maps.
        normed: Whether the encoder has normed them.
    """
    return nn.ModuleList(nn.Identity() if normed else LayerNorm2d(width) for width in widths)


def _normed(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.GroupNorm(_GROUPS, convolution.out_channels), nn.GELU())


def _rescaled(width: int, level: int) -> nn.Module:
    """Turn a map of a stride of about 16 into level 0 to 3 of a pyramid."""
    if level == 0:
        between = nn.Sequential(nn.ConvTranspose2d(width, width, 2, 2), LayerNorm2d(width), nn.GELU())
        return nn.Sequential(between, nn.ConvTranspose2d(width, width, 2, 2))
    if level == 1:
        return nn.ConvTranspose2d(width, width, 2, 2)
    return nn.Identity() if level == 2 else nn.MaxPool2d(2)
