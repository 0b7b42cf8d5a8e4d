"""Orientation, as TIFF's tag 274 and EXIF number it: which way round stored rows and columns are meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from ..contracts.errors import DataError

Array: TypeAlias = np.ndarray[Any, Any]

TAG: Final = 274
"""Of TIFF and EXIF alike."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What brings stored pixels into the order in which they are meant."""

    transposed: bool
    """Whether stored rows are columns; this comes first."""
    rows_backwards: bool
    columns_backwards: bool

    def apply(self, pixels: Array) -> Array:
        """Return (H, W) or (H, W, C) pixels as they are meant; a view."""
        turned = pixels.swapaxes(0, 1) if self.transposed else pixels
        return turned[:: -1 if self.rows_backwards else 1, :: -1 if self.columns_backwards else 1]


UPRIGHT: Final = Turn(False, False, False)
_TURNS: Final = (
    UPRIGHT,
    Turn(False, False, True),
    Turn(False, True, True),
    Turn(False, True, False),
    Turn(True, False, False),
    Turn(True, False, True),
    Turn(True, True, True),
    Turn(True, True, False),
)


def turn_of(orientation: object, path: str) -> Turn:
    """Return the turn that a tag's value stands for.

    Args:
        orientation: 1 to 8; None or 0: there is no tag, or it says nothing.
        path: For the message.

    Raises:
        DataError: It is another value.
    """
    if orientation is None or orientation == 0:
        return UPRIGHT
    if not isinstance(orientation, int) or not 1 <= orientation <= 8:
        raise DataError(f"{path} has the orientation {orientation!r}; expected 1 to 8. Save it again.")
    return _TURNS[orientation - 1]
