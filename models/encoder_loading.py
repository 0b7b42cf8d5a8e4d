"""Putting an encoder that was trained elsewhere into smp's U-Net, for images of any number of channels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .encoder_formats import ENCODER
from .weight_files import load_matching

if TYPE_CHECKING:
    from torch import Tensor, nn


def load_encoder(model: nn.Module, state: Mapping[str, Tensor], path: Path) -> str:
    """Load an encoder that stands alone in a file, adapted to the model's channels.

    Args:
        model: smp's U-Net; its decoder and head stay random.
        state: The encoder's tensors under smp's names, ``encoder.conv1.weight``, ...
        path: Where they came from, for messages.

    Raises:
        WeightsError: They are another encoder's.
    """
    from .unet import input_channels

    first = f"{ENCODER}conv1.weight"
    channels = input_channels(model)
    fitted = dict(state)
    if first in state:
        fitted[first] = fit_channels(state[first], channels)
    loaded = load_matching(model, fitted, path, lambda name: not name.startswith(ENCODER))
    trained_on = state[first].shape[1] if first in state else channels
    adapted = f", adapted from {trained_on} to {channels} channels" if trained_on != channels else ""
    return f"{path.name}: encoder loaded ({loaded} tensors{adapted}); decoder and head random"


def fit_channels(weight: Tensor, channels: int) -> Tensor:
    """Adapt a first convolution to images of another number of channels.

    The filters are summed over the channels that they were trained on and shared out equally among the new
    ones, so that an image whose channels are all alike gives the same features either way.

    Args:
        weight: (O, I, kh, kw).
        channels: Wanted instead of I.

    Returns:
        (O, channels, kh, kw): `weight` itself if it has as many.
    """
    if weight.shape[1] == channels:
        return weight
    return (weight.sum(dim=1, keepdim=True) / channels).repeat(1, channels, 1, 1)
