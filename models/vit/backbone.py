"""Encoders of timm's that give feature maps for images of any size."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import timm
import torch
from torch import Tensor, nn

from ...benchmark.contracts.errors import UnknownNameError, UsageError
from .encoders import Encoder

_PLAIN = frozenset({"eva", "vision_transformer"})
"""timm's files of transformers that interpolate position embeddings where they are told to."""
_ANY_SIDE = frozenset({"hieradet_sam2", "vision_transformer_sam"})
"""Those that do so anyhow; they norm no map but the last one."""


class Backbone(nn.Module):
    """Feature maps of a vision transformer: (N, C, H, W) to maps (N, D, h, w), the deepest last.

    Position embeddings are interpolated to the image; tokens that belong to no patch (class, registers)
    take part in attention and are left out of the maps.  Blocks behind the last map are not built.

    Args:
        encoder: timm's name.
        channels: Of the image.
        layers: Which maps, counted from 0: of blocks, or stages of a pyramid.
    """

    def __init__(self, encoder: str, channels: int, layers: Sequence[int]) -> None:
        super().__init__()
        self.model = create(encoder, channels)
        self.normed = _file_of(encoder) in _PLAIN
        """Whether the maps went through the encoder's own last norm."""
        self._layers = list(layers)
        info = [self.model.feature_info[layer] for layer in layers]
        self.widths: tuple[int, ...] = tuple(one["num_chs"] for one in info)
        self.strides: tuple[int, ...] = tuple(one["reduction"] for one in info)
        self.model.prune_intermediate_layers(self._layers, prune_norm=not self.normed, prune_head=True)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map (N, C, H, W), of sides that the patches divide, to the maps of the chosen layers."""
        maps: list[Tensor] = self.model.forward_intermediates(
            images, indices=self._layers, norm=self.normed, output_fmt="NCHW", intermediates_only=True
        )
        return maps


def create(encoder: str, channels: int) -> Any:
    """Build timm's whole encoder with random weights, without a classifier.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: It is no transformer that takes images of any size.
    """
    if not timm.is_model(encoder):
        raise UnknownNameError("encoder", encoder, get_close_matches(encoder, timm.list_models()))
    file = _file_of(encoder)
    if file in _PLAIN:
        return timm.create_model(
            encoder, in_chans=channels, num_classes=0, global_pool="", dynamic_img_size=True
        )
    if file in _ANY_SIDE:
        return timm.create_model(encoder, in_chans=channels, num_classes=0)
    raise _cannot_serve(encoder, "it is no plain vision transformer or Hiera that takes images of any size")


def try_out(encoder: str) -> Encoder:
    """Build an encoder on no device, look at its maps of two images, and say what it is like.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: It exists, but cannot serve here.
    """
    with torch.device("meta"):
        try:
            model = create(encoder, 1).eval()
            depth, coarsest = len(model.feature_info), model.feature_info[-1]["reduction"]
            for height, width in ((2, 3), (9, 4)):
                image = torch.zeros(1, 1, height * coarsest, width * coarsest)
                maps = model.forward_intermediates(image, output_fmt="NCHW", intermediates_only=True)
                found = [tuple(one.shape[2:]) for one in maps]
                if len(found) != depth or found[-1] != (height, width):
                    raise _cannot_serve(
                        encoder, f"it makes maps of {found[-1]} of {tuple(image.shape[2:])} px"
                    )
        except (RuntimeError, ValueError, TypeError, AttributeError, AssertionError) as error:
            raise _cannot_serve(encoder, " ".join(str(error).split())[:200].rstrip(".")) from error
    return Encoder(coarsest, depth, pyramid=found[0] != found[-1])


def _file_of(encoder: str) -> str:
    module: str = timm.model_entrypoint(encoder).__module__
    return module.rpartition(".")[2]


def _cannot_serve(encoder: str, reason: str) -> UsageError:
    return UsageError(
        f"the encoder {encoder!r} cannot serve vit-seg: {reason}. Take a ViT, DINO, SAM, SAM 2, MAE or EVA "
        "encoder of timm's; pyramids such as Swin go with unet[encoder=tu-NAME]."
    )
