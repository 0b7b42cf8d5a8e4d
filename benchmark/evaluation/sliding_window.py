"""Sliding-window inference: logits of a whole image from a model that sees square windows.

Windows lie on a regular grid, the last one of each row and column shifted to the image's border;
their logits are averaged with weights that fall towards the window's border, where a model sees
least context.  Placement and weights are those of MONAI (Cardoso et al. 2022, arXiv:2211.02701);
the Gaussian is nnU-Net's (Isensee et al. 2021, doi 10.1038/s41592-020-01008-z).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise, product
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from ..contracts import ScoringProtocol
from ..errors import TrialError

Blending: TypeAlias = Literal["gaussian", "constant"]
Padding: TypeAlias = Literal["mirror", "zero"]
_Place: TypeAlias = tuple[int, int]
"""Row and column of a window's top-left pixel."""
_Prediction: TypeAlias = tuple[Sequence[_Place], Tensor]

_SIGMA = 0.125
"""Standard deviation of the Gaussian weights, as a share of the window's side."""
_LEAST_WEIGHT = 1e-3
"""Keeps pixels that only a window's corner covers well away from 0 / 0."""


def window_side(protocol: ScoringProtocol, crop: int, size_divisor: int) -> int:
    """Return the side of the inference window in px.

    Args:
        protocol: Says the side; otherwise it is the training crop's, on which whole images are timed too.
        crop: The recipe's training crop, px.
        size_divisor: The model's; the side is rounded up to a multiple of it.
    """
    return _round_up(protocol.window if isinstance(protocol.window, int) else crop, size_divisor)


def predict_logits(
    model: Callable[[Tensor], Tensor],
    image: Tensor,
    *,
    window: int,
    overlap: float,
    blending: Blending,
    size_divisor: int,
    batch_size: int,
    padding: Padding = "mirror",
) -> Tensor:
    """Predict an image's logits window by window.

    An image that is smaller than a window is padded on both sides alike (an odd pixel goes to the
    bottom or right); the padding is cut off again.  Windows reach the model in channels-last layout.
    Evaluation mode, gradients and autocast are the caller's (`inference.inference`).

    Args:
        model: Maps (N, C, S, S) to (N, K, S, S) logits of any float type.
        image: (C, H, W) float, normalised, on the model's device.
        window: Side S of the window, px; rounded up to a multiple of `size_divisor`.
        overlap: Share of S that neighbouring windows have in common, in [0, 1).
        blending: Weights where windows overlap: Gaussian (sigma S/8) or all alike.
        size_divisor: S is a multiple of this.
        batch_size: Windows per forward pass.
        padding: ``mirror``: reflection where the image is large enough for that, else its border
            pixels; ``zero``: zeros, which is mean grey in a normalised image.

    Returns:
        (K, H, W) float32 logits on the image's device.

    Raises:
        TrialError: The model's output has the wrong shape, or is not finite; says where.
    """
    side = _round_up(window, size_divisor)
    padded, (top, left) = _pad(image[None], side, padding)
    padded = padded.to(memory_format=torch.channels_last)
    step = _step(side, overlap)
    rows, columns = (_starts(length, side, step) for length in padded.shape[-2:])
    predictions = _predict(model, padded, list(product(rows, columns)), side, batch_size)
    total = _blend(predictions, _weight(side, blending, image.device), rows, columns)
    logits = total[:, top : top + image.shape[-2], left : left + image.shape[-1]]
    check_finite(logits)
    return logits


# -------------------------------------------------------------------------------------- the windows
def _round_up(side: int, divisor: int) -> int:
    return -(-side // divisor) * divisor


def _step(side: int, overlap: float) -> int:
    # 20 * (1 - 0.9) is 1.9999999999999996 in binary: without the 1e-6 the step would be 1
    return max(1, int(side * (1 - overlap) + 1e-6))


def _starts(length: int, side: int, step: int) -> list[int]:
    """Return where windows begin along one axis of `length` >= `side` px; the last touches the border."""
    return [*range(0, length - side, step), length - side]


def _pad(images: Tensor, side: int, padding: Padding) -> tuple[Tensor, _Place]:
    """Pad (1, C, H, W) to at least `side` px; also return the image's top-left pixel in the result."""
    height, width = images.shape[-2:]
    top, bottom = _margins(height, side)
    left, right = _margins(width, side)
    # axis by axis: one may be long enough to be reflected and the other not
    images = pad_axis(images, (0, 0, top, bottom), height, padding)
    return pad_axis(images, (left, right, 0, 0), width, padding), (top, left)


def _margins(length: int, side: int) -> tuple[int, int]:
    missing = max(side - length, 0)
    return missing // 2, missing - missing // 2


def pad_axis(images: Tensor, margins: tuple[int, int, int, int], length: int, padding: Padding) -> Tensor:
    """Pad (1, C, H, W) along one axis of `length` px; `margins` are left, right, top, bottom."""
    if not any(margins):
        return images
    if padding == "zero":
        return F.pad(images, margins)
    # a reflection leaves out the border pixel itself
    return F.pad(images, margins, mode="reflect" if max(margins) < length else "replicate")


def _predict(
    model: Callable[[Tensor], Tensor], padded: Tensor, places: Sequence[_Place], side: int, batch_size: int
) -> Iterator[_Prediction]:
    """Yield the windows of each batch with their logits (N, K, S, S)."""
    channels: int | None = None
    for first in range(0, len(places), batch_size):
        batch = places[first : first + batch_size]
        windows = torch.cat([padded[..., y : y + side, x : x + side] for y, x in batch])
        logits = model(windows)
        check_shape(logits, windows, batch[0], channels)
        channels = logits.shape[1]
        yield batch, logits


# ------------------------------------------------------------------------------------- the blending
def _blend(
    predictions: Iterator[_Prediction], weight: Tensor, rows: Sequence[int], columns: Sequence[int]
) -> Tensor:
    """Return the weighted mean (K, H, W) float32 of the logits of windows at all `rows` and `columns`."""
    side = weight.shape[-1]
    first = next(predictions)
    total, weights = _canvas(first[1], weight, rows[-1] + side, columns[-1] + side)
    for places, logits in chain([first], predictions):
        for (y, x), window_logits in zip(places, logits.float(), strict=True):
            total[:, y : y + side, x : x + side].addcmul_(window_logits, weights)
    _normalise(total, weights, rows, columns)
    return total


def _canvas(logits: Tensor, weight: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return (K, H, W) zeros and the weights as (K, S, S).

    Both have the memory layout of `logits`: adding a window is up to 8 times as fast as across layouts.
    """
    count, side = logits.shape[1], weight.shape[-1]
    channels_last = logits.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    total = torch.empty((1, count, height, width), device=weight.device, memory_format=layout)
    weights = weight.expand(1, count, side, side).contiguous(memory_format=layout)
    return total.zero_()[0], weights[0]


def _weight(side: int, blending: Blending, device: torch.device) -> Tensor:
    """Return the (S, S) float32 weights of a window's pixels."""
    if blending == "constant":
        return torch.ones(side, side, device=device)
    offset = torch.arange(side, device=device) - (side - 1) / 2
    profile = torch.exp(-0.5 * (offset / (_SIGMA * side)) ** 2)
    return torch.outer(profile, profile).clamp_(min=_LEAST_WEIGHT)


def _normalise(total: Tensor, weights: Tensor, rows: Sequence[int], columns: Sequence[int]) -> None:
    """Divide the (K, H, W) sum of weighted logits, in place, by the sum of the windows' weights.

    All rows of windows have the same weights, so one strip of them is summed along x, and its parts
    along y band by band: a sum as large as the image is never held.
    """
    side = weights.shape[-1]
    strip = torch.zeros_like(total[:, :side])
    for x in columns:
        strip[..., x : x + side] += weights
    edges = sorted({*rows, *(y + side for y in rows)})
    for top, bottom in pairwise(edges):
        first, *others = (strip[:, top - y : bottom - y] for y in rows if y <= top < y + side)
        total[:, top:bottom] /= sum(others, start=first)


# --------------------------------------------------------------------------------------- the checks
def check_shape(logits: Tensor, windows: Tensor, place: _Place, channels: int | None) -> None:
    """Check that the logits of `windows` (N, C, H, W) are (N, K, H, W), with K = `channels` if that is known.

    Raises:
        TrialError: They are not; names the `place` of the first window.
    """
    where = f"for the windows from row {place[0]}, column {place[1]} (px) on"
    if not isinstance(logits, Tensor):
        raise TrialError(
            f"the model returned a {type(logits).__name__} {where}, expected a tensor of logits (N, K, H, W)."
        )
    got = tuple(logits.shape)
    count, _, height, width = windows.shape
    if len(got) == 4 and got == (count, channels or got[1], height, width):
        return
    raise TrialError(
        f"the model returned logits {got} {where}, expected ({count}, {channels or 'K'}, {height}, {width}): "
        f"its output must have the height and width of its input {tuple(windows.shape)}; "
        "if it cannot take this size, its card needs a size_divisor."
    )


def check_finite(logits: Tensor) -> None:
    """Check that (K, H, W) logits are finite.

    Raises:
        TrialError: One is not; names its place.
    """
    # one number shows that all are finite, ten times faster than a look at each
    if math.isfinite(logits.sum().item()):
        return
    finite = torch.isfinite(logits)
    if bool(finite.all()):  # only their sum was too large for float32
        return
    channel, row, column = (~finite).nonzero()[0].tolist()
    raise TrialError(
        f"the model's logits are not finite: {logits[channel, row, column].item()} in channel {channel} "
        f"at row {row}, column {column} (px), {int((~finite).sum())} of {finite.numel()} values in all. "
        "Training has probably diverged: try a lower learning rate or fp32."
    )
