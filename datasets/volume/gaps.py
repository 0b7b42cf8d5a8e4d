"""Settles the gap between blocks of volumes whose sections are of unknown thickness."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ...benchmark.images.volumes.found import Array
from ...benchmark.images.volumes.volume import Volume
from ..collection.spacing import Stack, gap_note, largest_gap, likeness
from .entries import Entry
from .options import VolumeOptions
from .stamps import stamp


def settle_gap(
    entries: Sequence[Entry],
    images: Sequence[Volume],
    voxel_size_nm: tuple[float, ...] | None,
    options: VolumeOptions,
    cache: Path,
) -> tuple[VolumeOptions, tuple[str, ...]]:
    """Give the options with the gap that similarity of sections asks for, and say why.

    Nothing changes where a gap or a voxel size is given, or no volume is cut.

    Args:
        entries: The volumes.
        images: Their images, opened.
        voxel_size_nm: (z, y, x).
        options: As given.
        cache: The cache folder.

    Raises:
        DataError: A section cannot be read.
    """
    cut = [image for entry, image in zip(entries, images, strict=True) if entry.split in (None, "train")]
    depth = min((image.shape[0] for image in cut), default=0)
    training, gaps = _room(options, said=any(entry.split for entry in entries))
    most = largest_gap(depth, training, gaps)
    if options.gap >= 0 or voxel_size_nm is not None or not _are_cut(entries) or most == 1:
        return options, ()
    found = max((likeness(_stack(image), cache) for image in cut), key=lambda one: one.distance)
    gap = max(1, min(found.distance - 1, most))
    return replace(options, gap=gap), (gap_note(found, gap),)


def _are_cut(entries: Sequence[Entry]) -> bool:
    """Tell whether blocks of one volume come into several splits."""
    splits = {entry.split for entry in entries}
    if splits == {None}:
        return not any(entry.group for entry in entries)
    return "val" not in splits and None not in splits


def _room(options: VolumeOptions, *, said: bool) -> tuple[float, int]:
    """Return the share of sections that would train without gaps, and how many gaps there are."""
    if said:
        return 1 - options.val_share, 1
    if options.folds:
        return 1 - options.val_share - 1 / options.folds, 3
    return 1 - options.val_share - options.test_share, 2


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
