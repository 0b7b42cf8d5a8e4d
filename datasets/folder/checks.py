"""What must hold across a folder's files before anything is trained on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.wording import counted, listed
from ..collection.swapped import refuse_swapped
from .facts import ImageFacts
from .index import Index
from .layout import Pair

MIN_SIDE: Final = 16
"""Smallest side of an image, px: the smallest training crop."""


def check_sizes(root: Path, pairs: list[Pair], index: Index) -> None:
    """Refuse masks of another size than their image, and images too small to train on.

    Raises:
        DataError: There are such files.
    """
    wrong = []
    for pair in pairs:
        image, mask = index.images[pair.image], index.masks[pair.mask]
        if (image.height, image.width) != (mask.height, mask.width):
            sides = f"{image.height} x {image.width} px and {mask.height} x {mask.width} px"
            wrong.append(f"{pair.image} and {pair.mask} are {sides}")
    if wrong:
        raise DataError(
            f"{root}: {counted(len(wrong), 'pair')} of different height or width: {listed(wrong)}. A mask "
            "needs one pixel per pixel of its image."
        )
    small = [path for path, image in index.images.items() if min(image.height, image.width) < MIN_SIDE]
    if small:
        raise DataError(
            f"{root}: {counted(len(small), 'image')} below {MIN_SIDE} px in height or width: "
            f"{listed(small)}. Take them away or crop larger ones."
        )


def check_not_swapped(root: Path, index: Index) -> None:
    """Refuse images in the place of masks.

    Raises:
        DataError: The masks look like images.
    """
    refuse_swapped(
        [image.flat for image in index.images.values()],
        [mask.flat for mask in index.masks.values()],
        values=len({value for mask in index.masks.values() for value in mask.counts}),
        image_place="images/",
        label_place=f"{root}: masks/",
    )


def decide_channels(root: Path, images: Mapping[str, ImageFacts]) -> int:
    """Return 1 if every image is grey, though it may be stored as RGB, or 3 if all are RGB.

    Raises:
        DataError: Some images are coloured and others have one channel.
    """
    coloured = [path for path, image in images.items() if not image.grey]
    single = [path for path, image in images.items() if image.channels == 1]
    if coloured and single:
        raise DataError(
            f"{root} mixes {counted(len(coloured), 'colour image')} ({listed(coloured)}) and "
            f"{counted(len(single), 'image')} of one channel ({listed(single)}). "
            "Convert all to grey or all to RGB."
        )
    return 3 if coloured else 1


def check_kinds(root: Path, images: Mapping[str, ImageFacts]) -> None:
    """Refuse images of several types of values.

    Raises:
        DataError: There are such images.
    """
    kinds = {image.kind: path for path, image in images.items()}
    if len(kinds) > 1:
        mixed = listed([f"{kind} images (for example {path})" for kind, path in kinds.items()])
        raise DataError(
            f"{root} mixes {mixed}, whose grey scales are not comparable. Convert all to one of them, or say "
            "what becomes 0 and 1 in all of them: intensity in dataset.yaml."
        )
