"""True objects that are given beside true label maps: maps of their numbers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..contracts.errors import DataError
from .label_maps import MOST_OBJECT, read_label_map
from .pairs import Pair

Array: TypeAlias = np.ndarray[Any, Any]


def read_objects(pair: Pair) -> Array | None:
    """Read the numbers of a case's true objects, (H, W) or (Z, Y, X), if they are given.

    Raises:
        DataError: The file cannot be read, or holds no such numbers.
    """
    return read_label_map(pair.objects, MOST_OBJECT, onto=pair.truth) if pair.objects else None


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
