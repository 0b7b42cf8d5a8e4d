"""The steps of Winograd's convolution on one block of an image at a time.

Each step is a product of matrices, which a CPU does at nearly its peak; a block is small enough for its
cache.  Images are (N, H, W, C) here, and outputs (N, rows, 4, columns, 4, O): tiles of 4 x 4 px.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from .winograd import SEEN, TILE, TO_TILE, Strip, strips

ROWS, COLUMNS = 28, 56
"""Largest block, px: of 16 to 112, these were the fastest or within 10 % of it for maps of 28 to 224 px."""
BLOCK_TILES = 98
"""Images with smaller maps are taken together until a block has about so many tiles."""
NUMBERS = SEEN * SEEN


@dataclass(frozen=True, slots=True)
class Block:
    """Some images' tiles in one rectangle."""

    images: slice
    rows: Strip
    columns: Strip

    def of_input(self, x: Tensor) -> Tensor:
        """What the block sees of (N, H, W, C)."""
        return x[self.images, self.rows.start : self.rows.stop, self.columns.start : self.columns.stop]

    def of_output(self, tiled: Tensor) -> Tensor:
        """The block's part of (N, rows, 4, columns, 4, O)."""
        rows = slice(self.rows.first, self.rows.first + self.rows.tiles)
        columns = slice(self.columns.first, self.columns.first + self.columns.tiles)
        return tiled[self.images, rows, :, columns]


def all_blocks(x: Tensor, doubled: bool) -> Iterator[Block]:
    """All blocks of (N, H, W, C), in an order that depends on the output's shape alone."""
    images, height, width, _ = x.shape
    rows, columns = strips(height, doubled, ROWS), strips(width, doubled, COLUMNS)
    together = max(1, BLOCK_TILES // (rows[0].tiles * columns[0].tiles))
    groups = [slice(first, min(first + together, images)) for first in range(0, images, together)]
    return (Block(*place) for place in product(groups, rows, columns))


def look(x: Tensor, block: Block) -> Tensor:
    """The numbers (36, tiles, C) of a block of (N, H, W, C); tiles in the order (row, image, column)."""
    seen = block.of_input(x).transpose(0, 1)
    height, images, width, channels = seen.shape
    across = block.columns.matrix.expand(height * images, -1, -1)
    y = torch.bmm(across, seen.reshape(height * images, width, channels))
    y = y.view(height, images, SEEN, -1).permute(2, 0, 1, 3).reshape(SEEN, height, -1)
    return torch.bmm(block.rows.matrix.expand(SEEN, -1, -1), y).view(NUMBERS, -1, channels)


def look_back(numbers: Tensor, grad: Tensor, block: Block) -> None:
    """Add what the adjoint of `look` makes of `numbers` to `grad` (N, H, W, C)."""
    target = block.of_input(grad).transpose(0, 1)
    height, images, _, channels = target.shape
    down = block.rows.matrix.T.expand(SEEN, -1, -1)
    y = torch.bmm(down, numbers.view(SEEN, SEEN * block.rows.tiles, -1))
    y = y.view(SEEN, height, images, -1, channels).permute(1, 2, 0, 3, 4)
    y = y.reshape(height * images, -1, channels)
    across = block.columns.matrix.T.expand(height * images, -1, -1)
    target.add_(torch.bmm(across, y).view(target.shape))


def grad_numbers(grad: Tensor, block: Block) -> Tensor:
    """(36, tiles, O): the gradient by the products, of the output's (N, rows, 4, columns, 4, O)."""
    part = block.of_output(grad)
    pixels = part.permute(4, 2, 1, 0, 3, 5).reshape(TILE * TILE, -1)
    return (TO_TILE.T @ pixels).view(NUMBERS, -1, grad.shape[-1])


def _nhwc(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).contiguous()


def as_tiles(grad: Tensor) -> Tensor:
    """(N, O, H, W) as (N, rows, 4, columns, 4, O), padded by zeros."""
    height, width = grad.shape[2:]
    nhwc = _nhwc(grad)
    if height % TILE or width % TILE:
        nhwc = F.pad(nhwc, (0, 0, 0, -width % TILE, 0, -height % TILE))
    images, height, width, outputs = nhwc.shape
    return nhwc.view(images, height // TILE, TILE, width // TILE, TILE, outputs)


@dataclass(frozen=True, slots=True)
class Source:
    """One of the inputs that are convolved as if they were concatenated."""

    pixels: Tensor
    """(N, H, W, C)"""
    doubled: bool
    channels: slice
    """Its place in the concatenation."""


def sources_of(coarse: Tensor | None, fine: Tensor | None) -> list[Source]:
    """Those inputs that there are, in the order of their concatenation."""
    sources, channels = [], 0
    for x, doubled in ((coarse, True), (fine, False)):
        if x is not None:
            sources.append(Source(_nhwc(x), doubled, slice(channels, channels + x.shape[1])))
            channels += x.shape[1]
    return sources


def output_shape(coarse: Tensor | None, fine: Tensor | None) -> tuple[int, int, int]:
    """Return (N, H, W) of the output."""
    if fine is not None:
        return fine.shape[0], fine.shape[2], fine.shape[3]
    assert coarse is not None  # noqa: S101 - one of the two is given
    return coarse.shape[0], 2 * coarse.shape[2], 2 * coarse.shape[3]


def products(sources: list[Source], blocks: tuple[Block, ...], filters: Tensor) -> Tensor:
    """(36, tiles, O): the numbers of one block times those of the filters, summed over all channels."""
    total: Tensor | None = None
    for source, block in zip(sources, blocks, strict=True):
        numbers, chosen = look(source.pixels, block), filters[:, source.channels]
        total = torch.bmm(numbers, chosen) if total is None else total.baddbmm_(numbers, chosen)
    assert total is not None  # noqa: S101 - there is a source
    return total


def paint(tiled: Tensor, block: Block, products: Tensor, bias: Tensor | None, rectify: bool) -> None:
    """Write a block of the output (N, rows, 4, columns, 4, O)."""
    part = block.of_output(tiled)
    images, rows, _, columns, _, outputs = part.shape
    pixels = TO_TILE @ products.view(NUMBERS, -1)
    if bias is not None:
        pixels.view(-1, outputs).add_(bias)
    pixels = pixels.view(TILE, TILE, rows, images, columns, outputs).permute(3, 2, 1, 4, 0, 5)
    if rectify:
        torch.clamp_min(pixels, 0, out=part)
    else:
        part.copy_(pixels)
