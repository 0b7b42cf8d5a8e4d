"""Arrays that had to be made from what is stored: written once, slab by slab, and mapped into memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock

from ...benchmark.errors import DataError
from .readers.found import Array

SLAB_BYTES = 1 << 26


def prepared(
    cache: Path,
    name: str,
    shape: tuple[int, int, int],
    dtype: type[np.generic],
    make: Callable[[slice], Array],
) -> Array:
    """Return a memory map of a (Z, Y, X) array, made if it is not there.

    Args:
        cache: The cache folder; arrays lie in ``datasets/volume/prepared/`` below it.
        name: Stands for what is in it.
        shape: (Z, Y, X).
        dtype: Of the values.
        make: Gives the sections of a slab.

    Raises:
        DataError: What it is made from cannot be read, or the cache cannot be written.
    """
    target = cache / "datasets" / "volume" / "prepared" / f"{name}.npy"
    try:
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(target.with_suffix(".lock")):
                if not target.exists():
                    _write(target, shape, dtype, make)
        array: Array = np.load(target, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"a volume cannot be kept in {target}: {error}. Make the cache folder writable, free some "
            "space, or choose another cache folder."
        ) from error
    return array


def _write(
    target: Path, shape: tuple[int, int, int], dtype: type[np.generic], make: Callable[[slice], Array]
) -> None:
    partial = target.with_suffix(".partial")
    array = np.lib.format.open_memmap(partial, "w+", dtype=dtype, shape=shape)
    step = max(1, SLAB_BYTES // (shape[1] * shape[2] * np.dtype(dtype).itemsize))
    for start in range(0, shape[0], step):
        slab = slice(start, min(start + step, shape[0]))
        array[slab] = make(slab)
    array.flush()
    del array
    partial.replace(target)
