"""Volumes, segmented slice by slice along one or three axes.

Every slice gives 8-bit votes (`votes.py`).  Slices are read and labels written in slabs, beside the network's
work: memory follows the slab, not the volume.  Where three axes vote, the sums of the first two take a byte
per voxel and output of the network, in a scratch file if that is much; where a killed process is to go on,
those of each lie in a file of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..contracts.data import Axes
from ..contracts.errors import DataError
from ..files.cache import cache_folder
from .extra_slices import ExtraSlices
from .kept_slices import KeptSlices
from .overlapped import read_ahead, write_behind
from .placing import AXES, NAMES
from .postprocessing import TidiedLabels
from .scratch import scratch_array
from .segmenter import Segmenter
from .slabs import Labels, Slabs, fitting, reads
from .votes import Bytes, Tally, votes

Array: TypeAlias = np.ndarray[Any, Any]


def count_slices(sides: Sequence[int], axes: Axes) -> int:
    """Count the slices that are segmented: of a volume (Z, Y, X) along its axes, of an image (H, W) one."""
    return 1 if len(sides) == 2 else sum(sides[axis] for axis in AXES[axes])


def segment_volume(
    segmenter: Segmenter,
    volume: Slabs,
    axes: Axes,
    on_slice: Callable[[], None] = lambda: None,
    *,
    out: Bytes | None = None,
    slab: int | None = None,
    scratch: Path | None = None,
    kept: KeptSlices | None = None,
    extra: ExtraSlices | None = None,
) -> Bytes:
    """Segment a volume into an array; see `segment_into`.

    Args:
        segmenter: Segments the slices.
        volume: (Z, Y, X), in memory, memory-mapped, or anything that gives slabs.
        axes: Along which axes it is cut into slices.
        on_slice: Called after each slice, for progress.
        out: (Z, Y, X) uint8 to write into, such as a memory map; None: a new array.
        slab: Slices that are read and written at once; None: as many as 64 MiB hold.
        scratch: Folder for a large volume's sums of votes; None: the cache folder.
        kept: Where this volume is gone on with; `out` is its labels.  None: from its first slice on.
        extra: Takes what follows the logits, of a segmenter that keeps it.

    Returns:
        (Z, Y, X) label values: `out`, where that is given.
    """
    labels = np.empty(volume.shape, np.uint8) if out is None else out
    segment_into(
        labels, segmenter, volume, axes, on_slice, slab=slab, scratch=scratch, kept=kept, extra=extra
    )
    return labels


def segment_into(
    labels: Labels,
    segmenter: Segmenter,
    volume: Slabs,
    axes: Axes,
    on_slice: Callable[[], None] = lambda: None,
    *,
    slab: int | None = None,
    scratch: Path | None = None,
    kept: KeptSlices | None = None,
    extra: ExtraSlices | None = None,
) -> None:
    """Segment a volume and hand its labels on as they are decided.

    Slabs say how much is read and written at once and nothing else.  Along each axis the network sees the
    same windows in the same batches for every size of slab, so that the labels are those of the whole volume
    in one slab to the integer, for any network that gives equal outputs for equal batches.  Another
    `Segmenter.batch_size`, or a part of the volume, gives other batches, in which a network may round
    otherwise.

    Args:
        labels: Takes the label values, in the order of z.
        segmenter: Segments the slices.
        volume: (Z, Y, X).
        axes: Along which axes it is cut into slices.
        on_slice: Called after each slice, for progress.
        slab: Slices that are read and written at once; None: as many as 64 MiB hold.
        scratch: Folder for a large volume's sums of votes; None: the cache folder.
        kept: Where this volume is gone on with; `labels` are its own.  None: from its first slice on.
        extra: Takes what follows the logits of the slices along z, of a segmenter that keeps it.

    Raises:
        DataError: The volume is empty, or its pixels do not fit the normalisation.
        TrialError: The model's output has the wrong shape, or is not finite; names slice, axis and place.
        StoreError: There is no space for the sums.
    """
    _check(volume)
    folder = scratch or cache_folder()
    order = AXES[axes]
    if segmenter.steps:
        labels = TidiedLabels(labels, segmenter.steps)
    tally = Tally(labels, volume.shape, segmenter.protocol.threshold, folder, order, kept)

    def take(axis: int, start: int, block: Bytes) -> None:
        tally.take(axis, start, block)
        if kept and kept.is_due:
            kept.keep(axis, start + len(block))

    with write_behind(take) as put:
        for axis, slices in _cut(volume, order, folder):
            for start, block in _blocks(segmenter, slices, axis, len(order), on_slice, slab, kept, extra):
                put(axis, start, block)


def _first(segmenter: Segmenter, slices: Slabs, done: int) -> int:
    """Say with which slice along an axis is gone on, and tell of the windows before it."""
    number, height, width = slices.shape
    first, windows = segmenter.restart(done, (number, height, width))
    if first:
        segmenter.on_windows(windows)
    return first


def _cut(volume: Slabs, order: Sequence[int], folder: Path) -> Iterator[tuple[int, Slabs]]:
    """Give each axis with the slices along it, (N, ., .)."""
    if tuple(order) == (0,):
        yield 0, volume
        return
    array = volume if isinstance(volume, np.ndarray) else _copied(volume, folder)
    for axis in order:
        yield axis, np.moveaxis(array, axis, 0)


def _copied(volume: Slabs, folder: Path) -> Array:
    """Copy a volume that is read along z only to where it can be read along all axes."""
    copy = scratch_array(volume.shape, volume.dtype, folder)
    start = 0
    with read_ahead(reads(volume, None)) as slabs:
        for slab in slabs:
            copy[start : start + len(slab)] = slab
            start += len(slab)
    return copy


def _blocks(
    segmenter: Segmenter,
    slices: Slabs,
    axis: int,
    axes: int,
    on_slice: Callable[[], None],
    slab: int | None,
    kept: KeptSlices | None,
    extra: ExtraSlices | None,
) -> Iterator[tuple[int, Bytes]]:
    """Give the votes of slices along an axis as (N, K, ., .), with the number of the first.

    Those that are kept are left out, and a block ends, too, where it is time to keep it.
    """
    number, height, width = slices.shape
    first = _first(segmenter, slices, kept.done(axis)) if kept else 0
    before = min(segmenter.context, first)
    with read_ahead(reads(slices, slab, first - before)) as slabs:
        planes = (plane for several in slabs for plane in several)
        filled, block = 0, np.empty(0, np.uint8)
        seen = segmenter.slices(planes, (height, width), NAMES[axis], first, before=before)
        for index, outputs in enumerate(seen, first + 1):
            if extra and axis == 0:
                extra.take(index - 1, segmenter.extra_of(outputs))
            share = votes(segmenter.logits_of(outputs), axes)
            if not filled:
                left = number - index + 1
                block = np.empty((min(slab or fitting(share.nbytes), left), *share.shape), np.uint8)
            block[filled] = share
            filled += 1
            on_slice()
            if filled == len(block) or (kept and kept.is_due):
                yield index - filled, block[:filled]
                filled = 0


def _check(volume: Slabs) -> None:
    if len(volume.shape) != 3 or 0 in volume.shape:
        raise DataError(f"the volume is {volume.shape} (z, y, x), expected at least one slice.")
