"""A residual-encoder U-Net as nnU-Net plans it for images, from nnU-Net's own library of networks.

After Isensee et al. 2021 (doi:10.1038/s41592-020-01008-z) and 2024 (arXiv:2404.09556).  The plan is that
of nnU-Net's preset ResEnc M for two dimensions: 32 channels, doubled with every stage up to 512; 1, 3, 4, 6,
6, 6 residual blocks; one convolution per stage of the decoder; instance normalisation and leaky ReLU.  Its
deep supervision is off, for every model here has one output, and its training is left to the recipe.
"""

from __future__ import annotations

from typing import cast

import torch
from dynamic_network_architectures.architectures.unet import ResidualEncoderUNet
from dynamic_network_architectures.building_blocks.simple_conv_blocks import ConvDropoutNormReLU
from torch import Tensor, nn

FEATURES = (32, 64, 128, 256, 512, 512)
"""Channels of the stages, the finest first."""
BLOCKS = (1, 3, 4, 6, 6, 6)
"""Residual blocks of the stages."""


class InstanceNorm(nn.InstanceNorm2d):
    """Instance normalisation that also takes the single pixel that is left of an image of one divisor."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, H, W) per image and channel."""
        return torch.instance_norm(
            x,
            self.weight,
            self.bias,
            None,
            None,
            use_input_stats=True,
            momentum=0.0,
            eps=self.eps,
            cudnn_enabled=torch.backends.cudnn.enabled,
        )


def create(in_channels: int, num_classes: int, stages: int = len(FEATURES)) -> nn.Module:
    """Build the network with nnU-Net's random initialisation.

    Args:
        in_channels: Channels of the image.
        num_classes: Output channels.
        stages: 2 to 6.  nnU-Net halves the training crop while both sides are at least 8 px, which gives 5
            stages from 64 px and 6 from 128 px.  Beyond 6, from 256 px, sides would have to be multiples of
            64 px.

    Returns:
        A module that maps (N, in_channels, H, W), H and W multiples of ``2 ** (stages - 1)``, to logits
        (N, num_classes, H, W).
    """
    network: nn.Module = ResidualEncoderUNet(
        input_channels=in_channels,
        n_stages=stages,
        features_per_stage=FEATURES[:stages],
        conv_op=nn.Conv2d,
        kernel_sizes=3,
        strides=(1, *(2,) * (stages - 1)),
        n_blocks_per_stage=BLOCKS[:stages],
        num_classes=num_classes,
        n_conv_per_stage_decoder=1,
        conv_bias=True,
        norm_op=InstanceNorm,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
        deep_supervision=False,
    )
    network.apply(ResidualEncoderUNet.initialize)
    _leave_out_what_is_not_used(network)
    return network


def _leave_out_what_is_not_used(network: nn.Module) -> None:
    """Take out the heads of deep supervision, and the second names that the library gives to its layers.

    The heads would never get a gradient, and a weight file holds each tensor under one name.
    """
    decoder = network.get_submodule("decoder")
    del decoder.encoder
    decoder.seg_layers = cast(nn.ModuleList, decoder.seg_layers)[-1:]
    for module in network.modules():
        if isinstance(module, ConvDropoutNormReLU):
            for name in ("conv", "norm", "nonlin"):
                if hasattr(module, name):
                    delattr(module, name)
