"""What a model's output must be: of the right shape, for every batch, and finite, for every image."""

from __future__ import annotations

import math

from torch import Tensor

from ..contracts.errors import TrialError
from .grid import Place


def check_shape(logits: Tensor, windows: Tensor, channels: int | None, place: Place, where: str) -> None:
    """Check that the logits of `windows` (N, C, H, W) are (N, K, H, W), with K = `channels` if that is known.

    Args:
        logits: What the model returned, whatever it is.
        windows: What it was given.
        channels: How many logits it must give.
        place: Of the first window.
        where: Words for the image, such as ``slice 3 along z, ``; empty: there is only one.

    Raises:
        TrialError: They are not; names the place.
    """
    begin = f"for the windows from {where}row {place[0]}, column {place[1]} (px) on"
    if not isinstance(logits, Tensor):
        raise TrialError(
            f"the model returned a {type(logits).__name__} {begin}, expected a tensor of logits (N, K, H, W)."
        )
    got = tuple(logits.shape)
    count, _, height, width = windows.shape
    if len(got) == 4 and got == (count, channels or got[1], height, width):
        return
    if channels and got == (count, got[1], height, width):
        raise TrialError(f"the model gives {got[1]} logit(s) per pixel {begin}, expected {channels}.")
    raise TrialError(
        f"the model returned logits {got} {begin}, expected ({count}, {channels or 'K'}, {height}, {width}): "
        f"its output must have the height and width of its input {tuple(windows.shape)}; "
        "if it cannot take this size, its card needs a size_divisor."
    )


def check_finite(values: Tensor, where: str) -> None:
    """Check that an image's (K, H, W) blended values are finite; no window can hide one that is not.

    Raises:
        TrialError: One is not; names its place.
    """
    # one number shows that all are finite, ten times faster than a look at each
    if math.isfinite(values.sum().item()):
        return
    finite = values.isfinite()
    if bool(finite.all()):  # only their sum was too large for float32
        return
    channel, row, column = (~finite).nonzero()[0].tolist()
    raise TrialError(
        f"the model's logits are not finite: {values[channel, row, column].item()} in channel {channel} at "
        f"{where}row {row}, column {column} (px), {int((~finite).sum())} of {finite.numel()} values in all. "
        "Training has probably diverged: try a lower learning rate or fp32."
    )
