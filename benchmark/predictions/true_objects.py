"""True objects that are given beside true label maps: maps of their numbers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..contracts.errors import DataError
from ..images.label_values import check_range
from .label_maps import MOST_OBJECT, read_stored
from .pairs import Pair

Array: TypeAlias = np.ndarray[Any, Any]


def read_objects(pair: Pair) -> Array | None:
    """Read the numbers of a case's true objects, (H, W) or (Z, Y, X), if they are given.

    Where -1 is around them they may begin with 0, and are counted on by one.

    Raises:
        DataError: The file cannot be read, or holds no such numbers.
    """
    if pair.objects is None:
        return None
    stored = read_stored(pair.objects, pair.truth)
    numbers = stored.astype(np.int64) + 1 if stored.min() == -1 else stored
    check_range(numbers, str(pair.objects), 0, MOST_OBJECT)
    return numbers.astype(np.min_scalar_type(int(numbers.max())), copy=False)


def count_unnumbered(pair: Pair, truth: Array, objects: Array, ignore_value: int | None) -> int:
    """Count the pixels of true classes, background aside, that are in no numbered object.

    Raises:
        DataError: The map is not shaped like the true labels.
    """
    if objects.shape != truth.shape:
        raise DataError(
            f"{pair.objects} is {objects.shape} and {pair.truth} is {truth.shape}; expected equal shapes, "
            "(y, x) or (z, y, x)."
        )
    foreground = (truth != 0) & (truth != (0 if ignore_value is None else ignore_value))
    return int((foreground & (objects == 0)).sum())
