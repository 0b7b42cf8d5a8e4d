"""RETINA's TransUNet, assembled (Xing, Xie & Bader 2025, doi 10.1371/journal.pcbi.1013115).

Parameter names and shapes are those of the published weight files, so that these load as they are.
The network differs from TransUNet (Chen et al. 2021, arXiv:2102.04306) in its hidden width of 192 and
in the reconstruction head of its pre-training variant.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from ...benchmark.contracts.errors import UnknownNameError, UsageError
from .config import PATCH, TransUNetConfig
from .decoder import OUT_CHANNELS, Decoder, ReconstructionHead
from .transformer import Transformer

PUBLISHED = {
    "pretrain192": TransUNetConfig(reconstruction=True),
    "pretrain768": TransUNetConfig(hidden=768, reconstruction=True),
    "finetune192": TransUNetConfig(),
    "finetune768": TransUNetConfig(hidden=768, num_classes=7),
}
"""The variants that the published code builds."""


class TransUNet(nn.Module):
    """ResNet stem, transformer and upsampling decoder, in this order."""

    def __init__(self, config: TransUNetConfig) -> None:
        super().__init__()
        self.config = config
        self.transformer = Transformer(config)
        self.decoder = Decoder(config)
        if config.reconstruction:
            self.FinalDecoder = ReconstructionHead()
        # Published pre-training files hold this head too, although nothing calls it there.
        self.segmentation_head = nn.Sequential(nn.Conv2d(OUT_CHANNELS[-1], config.num_classes, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Map images to logits, or to a reconstructed image.

        Args:
            x: (N, 1 or 3, H, W); H and W are multiples of 16 px.

        Returns:
            (N, num_classes, H, W) logits, or (N, 1, H, W) for ``config.reconstruction``.

        Raises:
            ValueError: The input has another shape.
        """
        _check_shape(x)
        maps, skips = self.transformer(x)
        head = self.FinalDecoder if self.config.reconstruction else self.segmentation_head
        out: Tensor = head(self.decoder(maps, skips))
        return out


def _check_shape(x: Tensor) -> None:
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise ValueError(f"TransUNet takes images (N, 1 or 3, H, W), got {tuple(x.shape)}")
    if x.shape[2] % PATCH or x.shape[3] % PATCH or 0 in x.shape:
        raise ValueError(f"TransUNet takes sides that are multiples of {PATCH} px, got {tuple(x.shape[2:])}")


def create(in_channels: int, num_classes: int, hidden: Literal[192, 768] = 192) -> TransUNet:
    """Build RETINA's segmentation network with random weights.

    Args:
        in_channels: 1 (taken as three equal channels) or 3.
        num_classes: Output channels.
        hidden: Width of the transformer; 192 as published for fine-tuning, 768 as in ViT-B/16.

    Raises:
        UsageError: The images have another number of channels.
    """
    check_channels(in_channels, "retina")
    return TransUNet(TransUNetConfig(hidden=hidden, num_classes=num_classes))


def check_channels(in_channels: int, model: str) -> None:
    """Refuse images that the stem cannot take.

    Raises:
        UsageError: They have neither 1 nor 3 channels.
    """
    if in_channels not in (1, 3):
        raise UsageError(
            f"{model} takes images with 1 or 3 channels, these have {in_channels}; "
            "choose channels when preparing the data, or another model"
        )


def published_variant(variant: str) -> TransUNet:
    """Build one of the `PUBLISHED` variants with random weights.

    Raises:
        UnknownNameError: There is no such variant.
    """
    if variant not in PUBLISHED:
        raise UnknownNameError("published RETINA variant", variant, PUBLISHED)
    return TransUNet(PUBLISHED[variant])
