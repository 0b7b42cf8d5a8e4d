"""Pixel sizes of what is segmented, beside those that the weights were trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ..contracts.errors import UsageError
from ..weights.weight_info import WeightsInfo
from .greys import Seen
from .pairs import some

NEAR: Final = 1.15
"""Times that one pixel size may be another: augmentation shows networks as much."""


def side_of(size_nm: Sequence[float] | None) -> float | None:
    """Return the side of a square as large as a pixel (y, x) or a voxel's (z, y, x), nm; None: not known."""
    return None if size_nm is None else (size_nm[-2] * size_nm[-1]) ** 0.5


def other_sizes(images: Iterable[Seen], info: WeightsInfo) -> Iterator[str]:
    """Say of which images the pixels are much larger or smaller than those of training."""
    trained = side_of(info.voxel_size_nm)
    if trained is None:
        return
    sizes = {image.source.name: side_of(image.voxel_size_nm) for image in images}
    far = {name: size for name, size in sizes.items() if size and not 1 / NEAR <= size / trained <= NEAR}
    if far:
        told = some([f"{name} ({size:.4g} nm)" for name, size in far.items()])
        yield (
            f"the pixels of {len(far)} image(s) are not as large as those of training, {trained:.4g} nm: "
            f"{told}. --rescale brings them to that size before they are segmented, and the labels back."
        )


def check_known(images: Iterable[Seen], info: WeightsInfo) -> float:
    """Return the side of a pixel that all images are to be brought to, nm.

    Raises:
        UsageError: The weights or an image do not say theirs.
    """
    trained = side_of(info.voxel_size_nm)
    if trained is None:
        raise UsageError(
            f"--rescale needs to know the pixels of training, and the weights ({info.origin}) do not say "
            "how large they were; name them in nm: --rescale-to 8."
        )
    check_sized(images)
    return trained


def check_sized(images: Iterable[Seen]) -> None:
    """Make sure that all images say how large their pixels are.

    Raises:
        UsageError: One does not.
    """
    if unsized := [image.source.name for image in images if side_of(image.voxel_size_nm) is None]:
        raise UsageError(
            f"{len(unsized)} image(s) do not say how large their pixels are: {some(unsized)}; name it in nm "
            "with --voxel-size 8,8 (y,x) or 30,8,8 (z,y,x)."
        )
