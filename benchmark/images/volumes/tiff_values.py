"""Values of a TIFF stack that are not stored as they are meant: colours that are all grey, 0 as white."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...contracts.errors import DataError
from ..orientation import UPRIGHT
from ..tiff_pages import Meaning, apply_meaning
from .found import Array, Place, Stored

_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class Meant:
    """One value per voxel, made when it is asked for."""

    stored: Stored
    sample_axis: int | None
    """Which axis of `stored` holds red, green and blue; None: none."""
    meaning: Meaning
    """Its turn is left to whoever orders axes."""
    path: Path

    @property
    def shape(self) -> tuple[int, ...]:
        """Without the axis of samples."""
        return _without(self.stored.shape, self.sample_axis)

    @property
    def chunk(self) -> tuple[int, ...]:
        """Without the axis of samples."""
        return _without(self.stored.chunk, self.sample_axis)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values that are meant."""
        return self.meaning.dtype(self.stored.dtype)

    def read(self, place: Place) -> Array:
        """Read a box.

        Raises:
            DataError: It is damaged, or really coloured.
        """
        if self.sample_axis is None:
            values = self.stored.read(place)
        else:
            whole = (*place[: self.sample_axis], _ALL, *place[self.sample_axis :])
            values = np.moveaxis(self.stored.read(whole), self.sample_axis, -1)
        return self._grey(values)

    def _grey(self, values: Array) -> Array:
        shape = values.shape if self.sample_axis is None else values.shape[:-1]
        rows = values.reshape(-1, *values.shape[len(shape) - 1 :])
        meant, _ = apply_meaning(rows, self.meaning, str(self.path))
        if meant.ndim == 3:
            if np.any(meant != meant[..., :1]):
                raise DataError(
                    f"{self.path} is coloured: red, green and blue differ; expected a grey volume, one "
                    "number per voxel. Convert it."
                )
            meant = meant[..., 0]
        return meant.reshape(shape)


def of_values(meaning: Meaning, *, in_samples: bool) -> Meaning:
    """Return a meaning without its turn; where samples are no colours, they are values by themselves."""
    if in_samples:
        return replace(meaning, turn=UPRIGHT)
    return replace(meaning, turn=UPRIGHT, alpha="none", others=0)


def _without(sides: tuple[int, ...], axis: int | None) -> tuple[int, ...]:
    return sides if axis is None else (*sides[:axis], *sides[axis + 1 :])
