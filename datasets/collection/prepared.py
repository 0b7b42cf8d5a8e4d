"""Arrays that had to be made from what is stored: written once, slab by slab, and mapped into memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.copies import keep
from ...benchmark.files.disk import check_room
from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.limits import array_bytes
from ...benchmark.files.regular import check_regular
from ...benchmark.files.seen import stamp
from ...benchmark.images.volumes import npy
from ...benchmark.images.volumes.found import Array
from ...benchmark.images.volumes.volume import Volume
from ..fetching.arrays import ArrayFile

SLAB_BYTES: Final = 1 << 26
"""So much is made at a time, about."""


def prepared(
    cache: Path,
    name: str,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any] | str,
    make: Callable[[slice], Array],
    step: int,
    stale: str | None = None,
) -> Array:
    """Return a memory map of a (Z, Y, X) array, made if it is not there.

    Args:
        cache: The cache folder; arrays lie in ``datasets/volume/prepared/`` below it.
        name: Stands for what is in it.
        shape: (Z, Y, X).
        dtype: Of the values.
        make: Gives the sections of a slab.
        step: Sections of a slab.
        stale: Pattern of the names that it takes the place of.

    Raises:
        DataError: What it is made from cannot be read, or the cache cannot be written.
    """
    target = folder(cache) / f"{name}.npy"
    try:
        keep(target, partial(_write, shape, np.dtype(dtype), make, step), stale)
        check_regular(target)
        array: Array = np.load(target, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"a volume cannot be kept in {target}: {error}. Make the cache folder writable, free some "
            "space, or choose another with EMSEG_BENCH_CACHE."
        ) from error
    return array


def _write(
    shape: tuple[int, int, int], dtype: np.dtype[Any], make: Callable[[slice], Array], step: int, target: Path
) -> None:
    check_room(target.parent, array_bytes(shape, dtype.itemsize))
    with ArrayFile(target, dtype, shape) as file:
        for start in range(0, shape[0], step):
            for section in make(slice(start, min(start + step, shape[0]))):
                file.write(section.astype(dtype, copy=False))


def mappable(volume: Volume, cache: Path) -> Volume:
    """Return a volume of which single sections can be read.

    Chunks of HDF5 and zarr hold many sections, and reading one of them decodes all.  So such a volume is
    copied into the cache as it is, once, by whoever reads it first; a copy from before it was changed goes.

    Raises:
        DataError: It cannot be read, or the cache cannot be written.
    """
    if volume.chunk_depth == 1:
        return volume
    source = os.path.abspath(volume.source)  # noqa: PTH100 - a name within the file may follow
    what = sha256_of([source, volume.axes, list(volume.shape), str(volume.dtype), *volume.view])[:16]
    name = f"{what}-{sha256_of(stamp(volume.path))[:8]}-stored"
    step = volume.slab(SLAB_BYTES)
    prepared(cache, name, volume.shape, volume.dtype, volume.read, step, stale=f"{what}-*")
    stored = npy.find(folder(cache) / f"{name}.npy").stored
    return replace(volume, stored=stored, axes="zyx", dtype=stored.dtype, backwards="", start=(0, 0, 0))


def folder(cache: Path) -> Path:
    """Return where arrays lie."""
    return cache / "datasets" / "volume" / "prepared"
