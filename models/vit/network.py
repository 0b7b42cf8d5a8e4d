"""``vit-seg``: a vision transformer, a light decoder, and logits of the image's size."""

from __future__ import annotations

import torch.nn.functional as F
from segmentation_models_pytorch.decoders.dpt.decoder import DPTSegmentationHead
from torch import Tensor, nn

from .backbone import Backbone
from .encoders import DEFAULT
from .facts import facts_of
from .heads import DensePrediction, FeaturePyramid, Stacked, Upsampling, norms
from .options import chosen_layers


class VitSeg(nn.Module):
    """A segmentation network on a vision transformer.

    Args:
        channels: Of the image.
        num_classes: Output channels.
        encoder: timm's name.
        head: ``linear``, ``conv``, ``fpn`` or ``dpt``.
        layers: See `VitSegOptions`.
    """

    def __init__(self, channels: int, num_classes: int, encoder: str, head: str, layers: str) -> None:
        super().__init__()
        facts = facts_of(encoder)
        self.encoder_name, self.channels = encoder, channels
        self.encoder = Backbone(encoder, channels, chosen_layers(facts, head, layers))
        widths = self.encoder.widths
        self.norms = norms(widths, normed=self.encoder.normed)
        self.decoder = _decoder(head, self.encoder, pyramid=facts.pyramid)
        found = int(self.decoder.out_channels)
        self.classifier = (
            DPTSegmentationHead(found, num_classes, upsampling=1.0)
            if head == "dpt"
            else nn.Conv2d(found, num_classes, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, K, H, W)."""
        maps = [norm(one) for norm, one in zip(self.norms, self.encoder(images), strict=True)]
        logits: Tensor = self.classifier(self.decoder(maps))
        return F.interpolate(logits, images.shape[2:], mode="bilinear")


def create(
    in_channels: int, num_classes: int, encoder: str = DEFAULT, head: str = "conv", layers: str = "auto"
) -> VitSeg:
    """Build the network with random weights.

    Args:
        in_channels: Channels of the image.
        num_classes: Output channels.
        encoder: timm's name of a plain vision transformer or Hiera.
        head: ``linear``, ``conv``, ``fpn`` or ``dpt``.
        layers: Whose outputs the head sees, see `VitSegOptions`.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: It cannot serve, or has no such layers.
    """
    return VitSeg(in_channels, num_classes, encoder, head, layers)


def _decoder(
    head: str, encoder: Backbone, *, pyramid: bool
) -> Stacked | Upsampling | FeaturePyramid | DensePrediction:
    if head == "linear":
        return Stacked(encoder.widths)
    if head == "conv":
        return Upsampling(encoder.widths, min(encoder.strides))
    if head == "fpn":
        return FeaturePyramid(encoder.widths, pyramid=pyramid)
    return DensePrediction(encoder.widths, pyramid=pyramid)
