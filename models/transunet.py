"""TransUNet as published (Chen et al. 2021, arXiv:2102.04306), with its hybrid of ResNet-50 and ViT-B/16.

RETINA's network is TransUNet with another width, so this is that network at TransUNet's own: tokens of 768,
an MLP of 3072, three skip connections.  One thing differs from the published code: it builds a network for
images of one side and stretches position embeddings bilinearly when it loads them; here one network takes
all sides, and interpolates them bicubically at each pass.
"""

from __future__ import annotations

from .retina.config import TransUNetConfig
from .retina.network import TransUNet, check_channels

HIDDEN = 768
"""Width of a token, as in ViT-B/16."""


def create(in_channels: int, num_classes: int) -> TransUNet:
    """Build TransUNet with random weights.

    Args:
        in_channels: 1 (taken as three equal channels) or 3.
        num_classes: Output channels.

    Returns:
        A module that maps (N, in_channels, H, W), H and W multiples of 16, to logits (N, num_classes, H, W).

    Raises:
        UsageError: The images have another number of channels.
    """
    check_channels(in_channels, "transunet")
    return TransUNet(TransUNetConfig(hidden=HIDDEN, num_classes=num_classes))
