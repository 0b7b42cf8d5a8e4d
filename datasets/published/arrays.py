"""Opens the ``.npy`` files of a store."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.regular import open_regular

if TYPE_CHECKING:
    import numpy as np

    from ...benchmark.images.pixels import Array


def open_array(path: Path) -> Array:
    """Map a file into memory for one read, so that no more pages stay mapped than somebody looks at.

    Raises:
        DataError: It has gone or is damaged.
    """
    import numpy as np

    try:
        dtype, shape, offset = _layout(path)
        return np.asarray(np.memmap(path, dtype, "r", offset, shape))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}); remove its folder and fetch the dataset again."
        ) from error


@lru_cache(maxsize=10_000)
def _layout(path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Read the header of a ``.npy`` file: type, shape, and where the values begin."""
    from numpy.lib import format as npy

    with open_regular(path) as file:
        npy.read_magic(file)
        shape, _, dtype = npy.read_array_header_1_0(file)
        return dtype, shape, file.tell()
