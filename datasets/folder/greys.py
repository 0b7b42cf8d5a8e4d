"""The grey scale of a folder: which values become 0 and 1, and mean and standard deviation on that scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.data import GreyRange
from ..grey_scales import BYTES, recall_range, recall_sums, thinned_out
from ..summing_up import grey_scale
from .checks import check_kinds
from .facts import ImageFacts

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


@dataclass(frozen=True, slots=True)
class Greys:
    """What brings a folder's values to a network's input."""

    range: GreyRange
    mean: tuple[float, ...]
    """Per channel over the training images, on the 0-1 scale."""
    std: tuple[float, ...]
    kind: str
    """Type of the files' values."""
    given: bool
    """Whether the owner said the range."""


def settle_greys(
    root: Path,
    images: Mapping[str, ImageFacts],
    train: Mapping[str, ImageFacts],
    channels: int,
    given: tuple[float, float] | None,
    cache: Path,
) -> Greys:
    """Settle the grey scale; images are opened for it where their type does not tell it, and once.

    Args:
        root: The folder.
        images: All, by path below it.
        train: Those that train.
        channels: Of the samples.
        given: Values that become 0 and 1, as the owner says; None: those that training images use.
        cache: The cache folder.

    Raises:
        DataError: Types are mixed, an image cannot be read, or all training images have one value.
    """
    if given is None:
        check_kinds(root, images)
    kind = next(iter(train.values())).kind
    key = [image.sha256 for image in train.values()]
    if given is not None:
        grey = GreyRange(low=given[0], high=given[1])
    elif kind == "uint8":
        grey = BYTES
    else:
        sample = thinned_out(list(train))
        grey = recall_range(cache, key, lambda: _read(root, sample, channels), str(root))
    pixels = sum(image.height * image.width for image in train.values())
    if _sums_tell(grey, kind, given):
        sums = [sum(image.sums[channel] for image in train.values()) for channel in range(channels)]
        squares = [sum(image.squares[channel] for image in train.values()) for channel in range(channels)]
        mean, std = grey_scale(root, pixels, sums, squares, round(grey.high))
    else:
        sums, squares = recall_sums(cache, key, grey, lambda: _read(root, list(train), channels))
        mean, std = grey_scale(root, pixels, sums, squares, 1.0)
    return Greys(grey, mean, std, kind, given=given is not None)


def _sums_tell(grey: GreyRange, kind: str, given: object) -> bool:
    """Tell whether the files' own sums, exact whole numbers, need only be divided by the highest value."""
    return grey.low == 0 and kind in ("uint8", "uint16") and given is None


def _read(root: Path, paths: list[str], channels: int) -> Iterator[Array]:
    """Read images as stored, (H, W, C)."""
    from ...benchmark.images.pixels import decode_image, read_bytes

    for path in paths:
        yield decode_image(read_bytes(root / path), path).pixels[..., :channels]
