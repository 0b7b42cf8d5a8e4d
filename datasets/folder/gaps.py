"""Settles the gap between blocks of slices whose thickness is not known."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..collection.spacing import Stack, gap_note, largest_gap, likeness
from ..description import Description
from .layout import Layout, Pair
from .options import FolderOptions
from .splits import groups_of

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


def settle_gap(
    layout: Layout, description: Description, options: FolderOptions, cache: Path
) -> tuple[FolderOptions, tuple[str, ...]]:
    """Give the options with the gap that similarity of slices asks for, and say why.

    Nothing changes where a gap or a thickness is given, images are no slices, or no row of them is cut.

    Args:
        layout: The folder's pairs.
        description: What its owner says.
        options: As given.
        cache: The cache folder.

    Raises:
        DataError: An image cannot be read.
    """
    thickness = len(description.voxel_size_nm or ()) == 3
    if not description.volume or thickness or options.gap >= 0 or description.splits:
        return options, ()
    pairs = layout.parts.get("") or (() if "val" in layout.parts else layout.parts.get("train", ()))
    most = largest_gap(len(pairs), *_room(options, divided="" not in layout.parts))
    if most == 1 or groups_of(layout, description):
        return options, ()
    found = likeness(_stack(layout.root, pairs), cache)
    gap = max(1, min(found.distance - 1, most))
    return replace(options, gap=gap), (gap_note(found, gap),)


def _room(options: FolderOptions, *, divided: bool) -> tuple[float, int]:
    """Return the share of slices that would train without gaps, and how many gaps there are."""
    if divided:
        return 1 - options.val_share, 1
    if options.folds:
        return 1 - options.val_share - 1 / options.folds, 3
    return 1 - options.val_share - options.test_share, 2


def _stack(root: Path, pairs: Sequence[Pair]) -> Stack:
    def read(sections: range) -> Iterator[Array]:
        from ...benchmark.images.pixels import decode_image, read_bytes

        for pair in pairs[sections.start : sections.stop]:
            yield decode_image(read_bytes(root / pair.image), pair.image).pixels.mean(
                axis=-1, dtype="float32"
            )

    files = [(root / pair.image).stat() for pair in pairs]
    names = [os.fsdecode((root / pair.image).absolute()) for pair in pairs]
    return Stack(
        depth=len(pairs),
        section_bytes=max(file.st_size for file in files),
        key=[[name, file.st_size, file.st_mtime_ns] for name, file in zip(names, files, strict=True)],
        read=read,
    )
