"""Holding an exported file to our own inference: the same images, by the rules that the file tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np

from ..benchmark.contracts.errors import PluginError
from ..benchmark.evaluation.inference import inference
from ..benchmark.evaluation.placing import round_up
from ..benchmark.evaluation.segmenter import Segmenter
from .description import Description

Array: TypeAlias = np.ndarray[Any, Any]
Run: TypeAlias = Callable[[Array], Array]
"""What runs a file: (N, C, H, W) float32 as its description says to (N, K, H, W) float32."""

ALLOWED: Final = 1e-4
"""Largest difference, as a share of the standard deviation of our own logits."""
_BASE: Final = 64
_LARGEST_WINDOW: Final = 512
"""px; a larger training window is not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What came of images of one size."""

    size: tuple[int, int, int]
    """Images, height and width, px."""
    share: float
    """Largest difference of a logit, as a share of the standard deviation of our own."""

    def __str__(self) -> str:
        """Write it for people."""
        images, height, width = self.size
        return f"{images} x {height} x {width} px: {self.share:.1e}"


def compare(run: Run, told: Description, segmenter: Segmenter) -> tuple[Difference, ...]:
    """Run both on noise of the training images' mean and spread, in several sizes.

    Args:
        run: The file.
        told: Its description, by which images are padded and normalised here.
        segmenter: Our own inference.
    """
    with inference(segmenter.model, segmenter.device, "fp32"):
        return tuple(_differ(run, told, seeing_whole(segmenter), size) for size in _sizes(told))


def seeing_whole(segmenter: Segmenter) -> Segmenter:
    """Take each image as one window, as who runs a file does."""
    protocol = replace(segmenter.protocol, window="whole-padded", flips=False, blend_on="logits")
    return replace(segmenter, protocol=protocol)


def check(differences: Sequence[Difference], what: str) -> None:
    """Refuse a file that computes something else.

    Raises:
        PluginError: A difference is more than `ALLOWED`.
    """
    worst = max(differences, key=lambda one: one.share if one.share == one.share else np.inf)
    if not worst.share <= ALLOWED:
        raise PluginError(
            f"{what} does not compute what the model does: logits of {worst} of their standard deviation "
            f"apart, expected at most {ALLOWED:g}; nothing was written. Try another --format, and tell the "
            "model's authors."
        )


def prepare(image: Array, told: Description) -> Array:
    """Pad and normalise an image (C, H, W) on the 0-1 scale as the description says: (C, H', W') float32."""
    for axis in (1, 2):
        length = image.shape[axis]
        missing = max(-length % told.input.sides_multiple_of, told.input.sides_at_least - length)
        margins = [(0, missing if one == axis else 0) for one in range(3)]
        image = np.pad(image, margins, mode="reflect" if missing < length else "edge")
    mean, std = (np.array(values)[:, None, None] for values in (told.input.mean, told.input.std))
    return np.asarray((image - mean) / std, np.float32)


def _sizes(told: Description) -> Iterator[tuple[int, int, int]]:
    divisor = told.input.sides_multiple_of
    side = max(round_up(_BASE, divisor), told.input.sides_at_least)
    yield 1, side, side
    yield 1, side + 3, 2 * side - 5
    yield 3, 2 * side, side
    if told.window and told.input.sides_at_least <= told.window <= _LARGEST_WINDOW:
        yield 1, told.window, told.window


def _differ(run: Run, told: Description, segmenter: Segmenter, size: tuple[int, int, int]) -> Difference:
    images, height, width = size
    rng = np.random.default_rng(size)
    mean, std = (np.array(values)[:, None, None] for values in (told.input.mean, told.input.std))
    noise = rng.standard_normal((images, told.input.channels, height, width))
    pixels = np.clip(mean + std * noise, 0, 1).astype(np.float32)
    ours = np.stack([segmenter.logits(image).numpy(force=True) for image in pixels])
    theirs = run(np.stack([prepare(image, told) for image in pixels]))[..., :height, :width]
    spread = float(ours.std())
    return Difference(size=size, share=float(np.abs(ours - theirs).max()) / (spread or 1.0))
