"""The one way from stored pixels to model input, for training and evaluation alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..contracts.errors import DataError

_FULL_SCALE = {torch.uint8: 255.0, torch.float32: 1.0}


def to_input(image: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Bring pixels to the 0-1 scale and standardise each channel: ``(x - mean) / std``.

    Args:
        image: (..., C, H, W) uint8, or float32 between 0 and 1.
        mean: Per channel, on the 0-1 scale; usually over the training split.
        std: Per channel, on the 0-1 scale.

    Returns:
        A new (..., C, H, W) float32 tensor on the image's device.

    Raises:
        DataError: The image has another type or number of channels, or a standard deviation is 0.
    """
    _check(image, mean, std)
    scale = image.new_tensor([1.0 / (_FULL_SCALE[image.dtype] * s) for s in std], dtype=torch.float32)
    shift = image.new_tensor([-m / s for m, s in zip(mean, std, strict=True)], dtype=torch.float32)
    return torch.addcmul(shift[:, None, None], image.to(torch.float32), scale[:, None, None])


def to_unit(image: Tensor) -> Tensor:
    """Bring pixels to the 0-1 scale: uint8 is divided by 255, float32 is there already."""
    return image.to(torch.float32).div_(255) if image.dtype == torch.uint8 else image


def _check(image: Tensor, mean: Sequence[float], std: Sequence[float]) -> None:
    if image.dtype not in _FULL_SCALE:
        raise DataError(
            f"the image is {image.dtype}, expected uint8, or float32 between 0 and 1; "
            "let the dataset adapter convert it."
        )
    channels = image.shape[-3] if image.ndim >= 3 else None
    if not channels == len(mean) == len(std):
        raise DataError(
            f"the image is {tuple(image.shape)}, expected (..., C, H, W) with the {len(mean)} channel(s) "
            f"of the manifest's mean and {len(std)} of its standard deviation."
        )
    if min(std) <= 0:
        raise DataError(
            f"the training images' standard deviation is {tuple(std)}, expected more than 0 in every "
            "channel: leave out the channel that is constant."
        )
