"""U-Net with a convolutional encoder (Ronneberger, Fischer & Brox 2015), from segmentation_models_pytorch."""

from __future__ import annotations

from difflib import get_close_matches

import segmentation_models_pytorch as smp
import timm
from torch import nn

from ..benchmark.errors import UnknownNameError, UsageError

TIMM_PREFIX = "tu-"
"""smp's mark for an encoder that timm provides."""


def create(in_channels: int, num_classes: int, encoder: str = "resnet34") -> nn.Module:
    """Build a U-Net with random weights.

    Args:
        in_channels: Channels of the image.
        num_classes: Output channels.
        encoder: Any encoder of segmentation_models_pytorch, ``tu-`` names of timm included.

    Returns:
        A module that maps (N, in_channels, H, W) to logits (N, num_classes, H, W).

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: The encoder exists but cannot serve a U-Net.
    """
    _check_name(encoder)
    try:
        network: nn.Module = smp.Unet(
            encoder, encoder_weights=None, in_channels=in_channels, classes=num_classes
        )
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"unet: the encoder {encoder!r} cannot serve a U-Net ({error}); take another"
        ) from error
    return network


def encoder_name(model: nn.Module) -> str:
    """Say which encoder `create` was called with."""
    return str(model.name).removeprefix("u-")


def input_channels(model: nn.Module) -> int:
    """Say for how many channels `create` was called."""
    return next(
        module.in_channels
        for module in model.get_submodule("encoder").modules()
        if isinstance(module, nn.Conv2d)
    )


def _check_name(encoder: str) -> None:
    if not encoder.startswith(TIMM_PREFIX):
        known = smp.encoders.get_encoder_names()
        if encoder not in known:
            raise UnknownNameError("encoder for unet", encoder, known)
    elif not timm.is_model(encoder.removeprefix(TIMM_PREFIX)):
        known = [TIMM_PREFIX + name for name in timm.list_models()]
        raise UnknownNameError("encoder for unet", encoder, get_close_matches(encoder, known))
