"""How the predictions of overlapping windows become one: their mean, weighted towards a window's middle.

A model sees least context at a window's border.  The Gaussian is nnU-Net's (Isensee et al. 2021, doi
10.1038/s41592-020-01008-z).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from .grid import Grid, Place

Blending: TypeAlias = Literal["gaussian", "constant"]
_Band: TypeAlias = tuple[int, int, Tensor]
"""First row, row behind the last, and the weights' sums there, (K, rows, W)."""

_SIGMA = 0.125
"""Standard deviation of the Gaussian weights, as a share of the window's side."""
_LEAST_WEIGHT = 1e-3
"""Keeps pixels that only a window's corner covers well away from 0 / 0."""


class Blender:
    """Blends the windows of one image after another, all on the same grid.

    Args:
        grid: Where the windows lie.
        blending: Weights where windows overlap: Gaussian (sigma an eighth of a window's side), or all alike.
        many: Whether images follow the first: the sums of weights are then kept, as large as one result.
    """

    def __init__(self, grid: Grid, blending: Blending, *, many: bool) -> None:
        self._grid = grid
        self._blending: Blending = blending
        self._many = many
        self._weights = self._total = torch.empty(0)
        self._bands: list[_Band] = []

    def add(self, values: Tensor, place: Place) -> None:
        """Add what was predicted in the window at `place`, (K, S, S) float32."""
        if self._grid.is_one_window:  # nothing overlaps
            self._total = values
            return
        if not self._weights.numel():
            self._weights = _like(values, _weight(self._grid.window, self._blending, values.device))
        (y, x), (height, width) = place, self._grid.window
        self.sums(values)[:, y : y + height, x : x + width].addcmul_(values, self._weights)

    def sums(self, values: Tensor) -> Tensor:
        """Give the weighted sums so far, (K, H, W) of the padded image; in the layout of `values`."""
        if not self._total.numel():
            self._total = _empty_like(values, *self._grid.padded).zero_()
        return self._total

    def finish(self) -> Tensor:
        """Give the image's weighted means, (K, H, W) without padding; then comes the next image."""
        total, self._total = self._total, torch.empty(0)
        if not self._grid.is_one_window:
            for top, bottom, weights in self._sums():
                total[:, top:bottom] /= weights
        return self._grid.crop(total)

    def _sums(self) -> Iterable[_Band]:
        if not self._many:
            return _bands(self._grid, self._weights)
        self._bands = self._bands or list(_bands(self._grid, self._weights))
        return self._bands


def _bands(grid: Grid, weights: Tensor) -> Iterator[_Band]:
    """Sum the windows' weights, band by band along y.

    All rows of windows have the same weights, so one strip of them is summed along x, and its parts
    along y: for a single image, a sum as large as the image is never held.
    """
    height, width = grid.window
    strip = _empty_like(weights, height, grid.padded[1]).zero_()
    for x in grid.columns:
        strip[..., x : x + width] += weights
    edges = sorted({*grid.rows, *(y + height for y in grid.rows)})
    for top, bottom in pairwise(edges):
        first, *others = (strip[:, top - y : bottom - y] for y in grid.rows if y <= top < y + height)
        yield top, bottom, sum(others, start=first)


def _weight(window: tuple[int, int], blending: Blending, device: torch.device) -> Tensor:
    """Return the (S, S) float32 weights of a window's pixels."""
    if blending == "constant":
        return torch.ones(window, device=device)
    rows, columns = (_profile(side, device) for side in window)
    return torch.outer(rows, columns).clamp_(min=_LEAST_WEIGHT)


def _profile(side: int, device: torch.device) -> Tensor:
    offset = torch.arange(side, device=device) - (side - 1) / 2
    return torch.exp(-0.5 * (offset / (_SIGMA * side)) ** 2)


def _like(values: Tensor, weight: Tensor) -> Tensor:
    """Repeat (S, S) weights for each of the K of `values`, in their layout in memory."""
    height, width = weight.shape
    return _empty_like(values, height, width).copy_(weight)


def _empty_like(values: Tensor, height: int, width: int) -> Tensor:
    """Return an empty (K, height, width) in the layout of `values`.

    Adding a window is up to 8 times as fast as across layouts.
    """
    channels_last = len(values) > 1 and values.stride(0) == 1
    layout = torch.channels_last if channels_last else torch.contiguous_format
    shape = (1, len(values), height, width)
    return torch.empty(shape, device=values.device, memory_format=layout)[0]
