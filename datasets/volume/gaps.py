"""Settles how many sections between blocks of volumes are left out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...benchmark.files.seen import stamp
from ...benchmark.images.volumes.found import Array
from ...benchmark.images.volumes.volume import Volume
from ..collection import spacing
from ..collection.spacing import Stack
from ..collection.splits import default_gap
from .collection import Opened, are_images
from .options import VolumeOptions


def settle_gap(
    volumes: Sequence[Opened],
    voxel_size_nm: tuple[float, ...] | None,
    options: VolumeOptions,
    cache: Path,
) -> tuple[int, tuple[str, ...]]:
    """Return the gap and why: as given, by the thickness of sections, or else by how alike they are.

    Args:
        volumes: All of them.
        voxel_size_nm: (z, y, x).
        options: As given.
        cache: The cache folder.

    Raises:
        DataError: A section cannot be read.
    """
    if options.gap >= 0:
        return options.gap, ()
    if are_images(volumes):
        return 0, ()
    splits = {volume.entry.split for volume in volumes}
    if voxel_size_nm is not None or not _are_cut(volumes):
        return default_gap(voxel_size_nm), ()
    stacks = [_stack(one.image) for one in volumes if one.entry.split in (None, "train")]
    return spacing.settle_gap(stacks, options, cache, said=splits != {None})


def _are_cut(volumes: Sequence[Opened]) -> bool:
    """Tell whether blocks of one volume come into several splits."""
    splits = {volume.entry.split for volume in volumes}
    if splits == {None}:
        return not any(volume.entry.group for volume in volumes)
    return "val" not in splits and None not in splits


def _stack(image: Volume) -> Stack:
    def read(sections: range) -> Iterable[Array]:
        return image.read(slice(sections.start, sections.stop))

    source = os.path.abspath(image.source)  # noqa: PTH100 - a name within the file may follow
    return Stack(
        depth=image.shape[0],
        section_bytes=image.shape[1] * image.shape[2] * image.dtype.itemsize,
        key=[source, image.axes, list(image.shape), *stamp(image.path)],
        read=read,
    )
