"""The network as a straightforward implementation computes it: what tests and benchmarks compare with.

Same modules, same parameters, same results, and none of the shortcuts: float32 in PyTorch's default
layout, weights standardised at every forward pass, attention spelled out, BatchNorm by itself, images
doubled, concatenated and convolved one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from types import MethodType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .decoder import ConvUnit, DecoderBlock
from .network import TransUNet
from .resnet import STANDARDISATION_EPS, Bottleneck, ChannelNorm, ResNetStem, StdConv2d, StemFeatures
from .transformer import Attention


def make_plain(network: TransUNet) -> TransUNet:
    """Replace the forward functions inside `network` by plain ones; return it.

    Parameters and buffers stay what they are; a copy made afterwards would still call the original.
    """
    for module in network.modules():
        forward = _PLAIN.get(type(module))
        if forward is not None:
            module.forward = MethodType(forward, module)
    return network


def _standardised_convolution(self: StdConv2d, x: Tensor) -> Tensor:
    variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3), keepdim=True, unbiased=False)
    weight = (self.weight - mean) / torch.sqrt(variance + STANDARDISATION_EPS)
    return F.conv2d(x, weight, None, self.stride, self.padding)


def _channel_norm(self: ChannelNorm, x: Tensor) -> Tensor:
    return torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


def _bottleneck(self: Bottleneck, x: Tensor) -> Tensor:
    shortcut = x if self.downsample is None else self.gn_proj(self.downsample(x))
    x = F.relu(self.gn1(self.conv1(x)), inplace=True)
    x = F.relu(self.gn2(self.conv2(x)), inplace=True)
    return F.relu(self.gn3(self.conv3(x)) + shortcut, inplace=True)


def _stem(self: ResNetStem, x: Tensor) -> StemFeatures:
    half = self.root(x.expand(-1, 3, -1, -1))
    block1, block2, block3 = self.body
    quarter = block1(F.max_pool2d(half, kernel_size=3, stride=2))
    eighth = block2(quarter)
    return StemFeatures(block3(eighth), (eighth, F.pad(quarter, (0, 1, 0, 1)), half))


def _attention(self: Attention, x: Tensor) -> Tensor:
    query, key, value = (self._split(project(x)) for project in (self.query, self.key, self.value))
    weights = torch.softmax(query @ key.transpose(-1, -2) / sqrt(query.shape[-1]), dim=-1)
    out: Tensor = self.out((weights @ value).transpose(1, 2).flatten(2))
    return out


def _unit(self: ConvUnit, x: Tensor) -> Tensor:
    for layer in self:
        x = layer(x)
    return x


def _decoder_block(self: DecoderBlock, x: Tensor, skip: Tensor | None = None) -> Tensor:
    x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
    if skip is not None:
        x = torch.cat([x, skip], dim=1)
    out: Tensor = self.conv2(self.conv1(x))
    return out


_PLAIN: dict[type[nn.Module], Callable[..., Any]] = {
    StdConv2d: _standardised_convolution,
    ChannelNorm: _channel_norm,
    Bottleneck: _bottleneck,
    ResNetStem: _stem,
    Attention: _attention,
    ConvUnit: _unit,
    DecoderBlock: _decoder_block,
}
