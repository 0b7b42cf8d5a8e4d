"""The numbers behind Winograd's convolution: 3x3 filters at a quarter of the multiplications.

Winograd's F(4x4, 3x3) (Lavin & Gray 2016, arXiv:1509.09308) cuts an image into tiles of 4 x 4 px, takes
36 numbers from the 6 x 6 px that each tile sees, multiplies them with 36 numbers made of each filter, and
gets the tile's 16 px back.  Everything is a matrix, so the padding of the image and a bilinear doubling in
front of the convolution cost nothing extra: they are multiplied into the matrices that do the looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

TILE = 4
"""Side of a tile of the output, px."""
SEEN = TILE + 2
"""Side of what a tile sees of the input, px."""
POINTS = (0.0, 2**-0.5, -(2**-0.5), 2**0.5, -(2**0.5))
"""Where the polynomials behind the algorithm are evaluated, besides infinity: any distinct points give the
same result in exact arithmetic.  With these the rounding error in float32 is that of a direct convolution;
with the usual (0, 1, -1, 2, -2) it is four times as large."""


def _evaluation(terms: int) -> Tensor:
    """(SEEN, terms): values of a polynomial with so many coefficients at the points and at infinity."""
    rows = [[point**power for power in range(terms)] for point in POINTS]
    infinity = [0.0] * (terms - 1) + [1.0]
    return torch.tensor([*rows, infinity], dtype=torch.float64)


def matrices() -> tuple[Tensor, Tensor, Tensor]:
    """Along one axis: pixels to numbers (6, 6), filter to numbers (6, 3), numbers to tile (4, 6); float64."""
    look = torch.linalg.inv(_evaluation(SEEN)).T
    # Scaling a row of one matrix and dividing it in the other changes nothing but the rounding.
    scale = look.abs().amax(1, keepdim=True)
    return look / scale, _evaluation(3) * scale, _evaluation(TILE).T


with torch.inference_mode(False):  # training uses these too, whoever imports this first
    _LOOK, _OF_FILTER, _BACK = matrices()
    _OF_FILTERS = torch.kron(_OF_FILTER, _OF_FILTER)
    TO_TILE = torch.kron(_BACK, _BACK).float()
    """(16, 36): from a tile's numbers to its pixels, both in the order (column, row)."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Neighbouring tiles along one axis, and the stretch of the input that they see."""

    first: int
    """The first tile's index."""
    tiles: int
    start: int
    stop: int
    matrix: Tensor
    """(6 * tiles, stop - start), float32; rows in the order (number, tile)."""


def _seen(side: int, doubled: bool) -> Tensor:
    """What each tile sees: (tiles, side, 6), float64, of an input of `side` px, padded by zeros."""
    pixels = torch.eye(side, dtype=torch.float64)
    if doubled:
        pixels = F.interpolate(pixels[None], scale_factor=2, mode="linear", align_corners=True)[0]
    out = pixels.shape[1]
    return F.pad(pixels, (1, 1 + -out % TILE)).unfold(1, SEEN, TILE).transpose(0, 1)


@lru_cache(maxsize=256)
def strips(side: int, doubled: bool, length: int) -> tuple[Strip, ...]:
    """Cut an axis into strips.

    Args:
        side: Of the input, px.
        doubled: Whether the input is doubled (bilinear, corners aligned) before the convolution.
        length: Of a strip, px of the output; a multiple of 4.
    """
    with torch.inference_mode(False):
        numbers = torch.einsum("ik,tsk->its", _LOOK, _seen(side, doubled))
        step = length // TILE
        return tuple(_strip(numbers, first, step) for first in range(0, numbers.shape[1], step))


def _strip(numbers: Tensor, first: int, step: int) -> Strip:
    part = numbers[:, first : first + step]
    used = part.ne(0).any(0).any(0).nonzero()
    start, stop = int(used[0]), int(used[-1]) + 1
    matrix = part[:, :, start:stop].flatten(0, 1).float().contiguous()
    return Strip(first, part.shape[1], start, stop, matrix)


def filter_numbers(weight: Tensor) -> Tensor:
    """(36, C, O) numbers, in the order (column, row), of filters (O, C, 3, 3), differentiably."""
    outputs, channels = weight.shape[:2]
    flat = weight.permute(3, 2, 1, 0).reshape(9, channels * outputs)
    return (_OF_FILTERS.to(weight.dtype) @ flat).view(SEEN * SEEN, channels, outputs)
