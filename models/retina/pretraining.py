"""RETINA's network as it is pre-trained: the published variant that reconstructs images."""

from __future__ import annotations

from typing import Literal

from .config import TransUNetConfig
from .network import TransUNet


def reconstruction(hidden: Literal[192, 768] = 192) -> TransUNet:
    """Build the network that maps (N, 1, H, W) to (N, 1, H, W), with random weights.

    The segmentation head is in it, as in the published files, but nothing calls it; it is marked as not to be
    trained, for processes that train together wait for the gradient of everything else.
    """
    network = TransUNet(TransUNetConfig(hidden=hidden, reconstruction=True))
    network.segmentation_head.requires_grad_(False)
    return network
