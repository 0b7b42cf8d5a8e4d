"""Arrays for a while: in memory where they are small, else in a file that vanishes by itself."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..contracts.errors import StoreError
from ..files.shared_memory import scratch_zeros

IN_MEMORY: Final = 256 * 2**20
"""Bytes up to which a scratch array is held in memory."""


def scratch_array(
    shape: tuple[int, ...], dtype: npt.DTypeLike, folder: Path, in_memory: int = IN_MEMORY
) -> np.ndarray[Any, Any]:
    """Make an array of zeros that may be larger than memory.

    A large one is mapped from a file without a name, which vanishes when the array is no longer used,
    however the process ends.

    Args:
        shape: Its shape.
        dtype: Its type.
        folder: Where the file takes its space; made if missing.
        in_memory: Bytes up to which no file is made.

    Raises:
        StoreError: There is no space, or the folder cannot be written.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size <= in_memory:
        return np.zeros(shape, dtype)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return scratch_zeros(size, folder).view(dtype).reshape(shape)
    except OSError as error:
        raise StoreError(
            f"segmenting needs {size / 2**20:.0f} MiB of scratch space in {folder} ({error.strerror}); make "
            "space there, or write elsewhere."
        ) from error
