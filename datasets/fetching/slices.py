"""Volumes that are read one slice at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class LazySlices:
    """A volume whose slices are made when they are asked for: from files, or from another volume."""

    shape: tuple[int, int, int]
    """(Z, Y, X)."""
    read: Callable[[int], np.ndarray[Any, Any]]
    """Gives slice z, (Y, X)."""

    def __getitem__(self, z: int, /) -> np.ndarray[Any, Any]:
        """Read slice z, (Y, X)."""
        return self.read(z)
