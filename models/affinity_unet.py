"""A U-Net that says, beside what every pixel is, which pixels are of one object."""

from __future__ import annotations

from torch import nn

from .instance_loss import InstanceLoss
from .instance_options import outputs
from .smp_networks import build


def create(
    in_channels: int,
    num_classes: int,
    encoder: str = "resnet34",
    target: str = "affinities",
    offsets: int | str = "1+3+9+27",
    objects: str = "auto",
) -> nn.Module:
    """Build the network with random weights: smp's U-Net, whose last layer is wider.

    Args:
        in_channels: Channels of the image.
        num_classes: K, the logits.
        encoder: Any of smp's or timm's.
        target: ``affinities`` or ``boundaries``.
        offsets: Steps of affinities, px: ``1+3+9+27``.
        objects: What finds objects, which does not matter here.

    Returns:
        A module that maps (N, in_channels, H, W) to (N, K + E, H, W) and has an ``auxiliary_loss``.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: The encoder cannot serve the decoder.
    """
    extra = outputs(target=target, offsets=offsets, objects=objects)
    network = build("Unet", in_channels, num_classes + len(extra), encoder)
    network.auxiliary_loss = InstanceLoss(num_classes, extra)  # type: ignore[assignment]  # no module
    return network


def reconstruction(encoder: str = "resnet34", **_: object) -> nn.Module:
    """Build the network that learns to reconstruct images: the same with one output."""
    return build("Unet", 1, 1, encoder)
