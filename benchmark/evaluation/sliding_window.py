"""Inference in windows, streaming: logits of images or slices from a model that sees windows of one size.

The windows of all images form one row, image after image, and go through the model in batches of equal size
wherever an image ends: of many small images, a forward pass takes several.  One image is blended at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from .blending import Blender, Blending
from .forward import Forward
from .grid import Grid, Padding, Place, overlapping
from .logit_checks import check_finite


class Kept(Protocol):
    """What is known of one image while its windows are seen, to go on from after a kill."""

    @property
    def done(self) -> int:
        """How many windows need not be seen again; whole batches."""

    @property
    def is_due(self) -> bool:
        """Whether it is time to keep what is known."""

    def restore(self, sums: Tensor) -> None:
        """Put the sums of the windows that are done into (K, H, W) zeros."""

    def keep(self, done: int, sums: Tensor, top: int, bottom: int) -> None:
        """Keep the sums (K, H, W) of `done` windows, of which the last reaches from row `top` to `bottom`."""


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
    """Predict one image's logits window by window, blending logits.

    Args:
        model: Maps (N, C, S, S) to (N, K, S, S) logits of any float type.
        image: (C, H, W) float, normalised, on the model's device.
        window: Side S of the window, px; rounded up to a multiple of `size_divisor`.
        overlap: Share of S that neighbouring windows have in common, in [0, 1).
        blending: Weights where windows overlap: Gaussian (sigma S/8) or all alike.
        size_divisor: S is a multiple of this.
        batch_size: Windows per forward pass.
        padding: What surrounds an image that is smaller than a window (`grid.overlapping`).

    Returns:
        (K, H, W) float32 logits on the image's device.

    Raises:
        TrialError: The model's output has the wrong shape, or is not finite; says where.
    """
    height, width = image.shape[-2:]
    grid = overlapping(
        height, width, side=window, overlap=overlap, size_divisor=size_divisor, padding=padding
    )
    forward = Forward(model=model)
    (logits,) = predict_images(forward, [image], grid, blending=blending, batch_size=batch_size)
    return logits


def predict_images(
    forward: Forward,
    images: Iterable[Tensor],
    grid: Grid,
    *,
    blending: Blending,
    batch_size: int,
    channels: int | None = None,
    slices_along: str | None = None,
    first: int = 0,
    kept: Kept | None = None,
) -> Iterator[Tensor]:
    """Predict the logits of images of one size, one after another.

    Which windows share a forward pass follows from `grid` and `batch_size` alone, not from how the images
    are read: a model that gives equal outputs for equal batches gives bit-equal logits.  Windows reach it in
    channels-last layout.  Evaluation mode, gradients and autocast are the caller's (`inference.inference`).

    Args:
        forward: The model.
        images: (C, H, W) float each, normalised, on the model's device; taken when their turn comes.
        grid: Where the windows lie.
        blending: Weights where windows overlap.
        batch_size: Windows per forward pass.
        channels: How many outputs the model must give; None: any number, always the same.
        slices_along: Name of the axis that the images follow each other along, for messages; None: there
            is one image.
        first: Number of the first image, for messages.
        kept: Where this one image is gone on with; None: from its first window on.

    Yields:
        (K, H, W) float32 logits, in the order of `images`.

    Raises:
        TrialError: The model's output has the wrong shape, or is not finite; says where.
    """
    blender = Blender(grid, blending, many=slices_along is not None)
    seen = kept.done if kept else 0
    windows = islice(_windows(images, grid, first), seen, None)
    for window, values in _predictions(forward, windows, batch_size, channels, slices_along):
        if kept and seen == kept.done > 0:
            kept.restore(blender.sums(values))
        blender.add(values, window.place)
        seen += 1
        if kept and not window.last and seen % batch_size == 0 and kept.is_due:
            top = window.place[0]
            kept.keep(seen, blender.sums(values), top, top + grid.window[0])
        if window.last:
            blended = blender.finish()
            check_finite(blended, _words(window.image, slices_along))
            yield forward.logits(blended)


class _Window(NamedTuple):
    image: int
    """Counted from 0."""
    place: Place
    last: bool
    """Of its image."""
    pixels: Tensor
    """(1, C, S, S)"""


def _windows(images: Iterable[Tensor], grid: Grid, first: int) -> Iterator[_Window]:
    height, width = grid.window
    places = grid.places
    for number, image in enumerate(images, first):
        padded = grid.pad(image[None]).to(memory_format=torch.channels_last)
        for y, x in places:
            pixels = padded[..., y : y + height, x : x + width]
            yield _Window(number, (y, x), (y, x) == places[-1], pixels)


def _predictions(
    forward: Forward, windows: Iterator[_Window], batch_size: int, channels: int | None, axis: str | None
) -> Iterator[tuple[_Window, Tensor]]:
    """Give each window with its (K, S, S) prediction."""
    while batch := list(islice(windows, batch_size)):
        pixels = torch.cat([window.pixels for window in batch])
        values = forward(pixels, channels, batch[0].place, _words(batch[0].image, axis))
        channels = channels or values.shape[1]
        yield from zip(batch, values, strict=True)


def _words(image: int, axis: str | None) -> str:
    return "" if axis is None else f"slice {image} along {axis}, "
