"""Arrays that had to be made from what is stored: written once, slab by slab, and mapped into memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock

from ...benchmark.data.arrays import ArrayFile
from ...benchmark.errors import DataError
from ...benchmark.hashing import sha256_of
from ...benchmark.volume_readers import npy
from ...benchmark.volume_readers.found import Array
from ...benchmark.volume_readers.volume import Volume
from .stamps import stamp

SLAB_BYTES: Final = 1 << 26
"""So much is made at a time, about."""


def prepared(
    cache: Path,
    name: str,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any] | type[np.generic],
    make: Callable[[slice], Array],
    step: int,
) -> Array:
    """Return a memory map of a (Z, Y, X) array, made if it is not there.

    Args:
        cache: The cache folder; arrays lie in ``datasets/volume/prepared/`` below it.
        name: Stands for what is in it.
        shape: (Z, Y, X).
        dtype: Of the values.
        make: Gives the sections of a slab.
        step: Sections of a slab.

    Raises:
        DataError: What it is made from cannot be read, or the cache cannot be written.
    """
    target = folder(cache) / f"{name}.npy"
    try:
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(target.with_suffix(".lock")):
                if not target.exists():
                    _write(target, shape, np.dtype(dtype), make, step)
        array: Array = np.load(target, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"a volume cannot be kept in {target}: {error}. Make the cache folder writable, free some "
            "space, or choose another cache folder."
        ) from error
    return array


def _write(
    target: Path, shape: tuple[int, int, int], dtype: np.dtype[Any], make: Callable[[slice], Array], step: int
) -> None:
    partial = target.with_suffix(".partial")
    with ArrayFile(partial, dtype, shape) as file:
        for start in range(0, shape[0], step):
            for section in make(slice(start, min(start + step, shape[0]))):
                file.write(section.astype(dtype, copy=False))
    partial.replace(target)


def mappable(volume: Volume, cache: Path) -> Volume:
    """Return a volume of which single sections can be read.

    Chunks of HDF5 and zarr hold many sections, and reading one of them decodes all.  So such a volume is
    copied into the cache as it is, once, by whoever reads it first.

    Raises:
        DataError: It cannot be read, or the cache cannot be written.
    """
    if volume.chunk_depth == 1:
        return volume
    name = sha256_of([volume.source, volume.axes, list(volume.shape), str(volume.dtype), stamp(volume.path)])
    path = folder(cache) / f"{name[:24]}-stored.npy"
    prepared(cache, path.stem, volume.shape, volume.dtype, volume.read, volume.slab(SLAB_BYTES))
    stored = npy.find(path).stored
    return replace(volume, stored=stored, axes="zyx", dtype=stored.dtype)


def folder(cache: Path) -> Path:
    """Return where arrays lie."""
    return cache / "datasets" / "volume" / "prepared"
