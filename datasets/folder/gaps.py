"""Settles how many images between blocks of slices are left out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.files.seen import state_of
from ..collection import spacing
from ..collection.spacing import Stack
from ..collection.splits import default_gap
from ..description import Description
from .layout import Layout, Pair
from .options import FolderOptions

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array


def settle_gap(
    layout: Layout, said: Description, options: FolderOptions, cache: Path, *, grouped: bool
) -> tuple[int, tuple[str, ...]]:
    """Return the gap and why: as given, by the thickness of slices, or else by how alike they are.

    Args:
        layout: The folder's pairs.
        said: What its owner says.
        options: As given.
        cache: The cache folder.
        grouped: Whether groups stay whole.

    Raises:
        DataError: An image cannot be read.
    """
    if options.gap >= 0:
        return options.gap, ()
    if not said.volume:
        return 0, ()
    row = layout.parts.get("") or (() if "val" in layout.parts else layout.parts.get("train", ()))
    if len(said.voxel_size_nm or ()) == 3 or said.splits or grouped or not row:
        return default_gap(said.voxel_size_nm), ()
    return spacing.settle_gap([_stack(layout.root, row)], options, cache, said="" not in layout.parts)


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
        key=[[name, *state_of(file)] for name, file in zip(names, files, strict=True)],
        read=read,
    )
