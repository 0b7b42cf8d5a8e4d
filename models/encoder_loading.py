"""Putting an encoder that was trained elsewhere into a network of smp's, for images of any channels."""

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
        model: A network of `smp_networks`; its decoder and head stay random.
        state: The encoder's tensors under smp's names, ``encoder.conv1.weight``, ...
        path: Where they came from, for messages.

    Raises:
        WeightsError: They are another encoder's.
    """
    from .smp_networks import made_of

    made = made_of(model)
    fitted, trained_on = fit_image_filters(state, model.state_dict(), made.channels)
    loaded = load_matching(model, fitted, path, lambda name: not name.startswith(ENCODER))
    adapted = f", adapted from {trained_on} to {made.channels} channels" if trained_on else ""
    return f"{path.name}: encoder loaded ({loaded} tensors{adapted}); decoder and head random"


def fit_image_filters(
    state: Mapping[str, Tensor], expected: Mapping[str, Tensor], channels: int
) -> tuple[dict[str, Tensor], int | None]:
    """Adapt the filters that read the image, whatever kind of encoder they belong to.

    They are the ones that differ from the model's in nothing but their number of input channels.

    Args:
        state: Tensors of an encoder.
        expected: The model's, by the same names.
        channels: Of the model's images.

    Returns:
        The tensors, and the channels that they were trained on if that is another number.
    """
    fitted, trained_on = dict(state), None
    for name, weight in state.items():
        wanted = expected.get(name)
        if wanted is not None and _reads_the_image(weight, wanted, channels):
            fitted[name], trained_on = fit_channels(weight, channels), weight.shape[1]
    return fitted, trained_on


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


def _reads_the_image(weight: Tensor, wanted: Tensor, channels: int) -> bool:
    return (
        weight.ndim == wanted.ndim == 4
        and wanted.shape[1] == channels != weight.shape[1]
        and weight.shape[:1] + weight.shape[2:] == wanted.shape[:1] + wanted.shape[2:]
    )
