"""What a network has said of a volume, kept now and then, so that what was killed goes on within it.

Labels, and the votes of each axis before z, lie in files from the start; kept is how far they are.
"""

from __future__ import annotations

import time
from typing import Any, TypeAlias

import numpy as np

from ..contracts.errors import StoreError
from . import kept_sums
from .placing import NAMES
from .working import Work

Bytes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]


class KeptSlices:
    """Keeps a volume's labels and votes.

    Args:
        work: Where.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        last = [max(work.noted(name, 2), default=(0, 0)) for name in NAMES]
        self._done = [stop for stop, _ in last]
        self.seconds = max(milliseconds for _, milliseconds in last) / 1000
        """What they took, in all sessions."""
        self._arrays: dict[int, np.memmap[Any, Any]] = {}
        self._time = time.monotonic()
        self._begun = self._time - self.seconds

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() - self._time >= kept_sums.SECONDS

    def done(self, axis: int) -> int:
        """Say how many slices along an axis need not be seen again."""
        return self._done[axis]

    def labels(self, shape: tuple[int, ...]) -> Bytes:
        """Give the labels (Z, Y, X), 0 where there are none yet.

        Raises:
            StoreError: There is no space for them.
        """
        return self._array(0, "labels", shape)

    def votes(self, axis: int, shape: tuple[int, ...]) -> Bytes:
        """Give the votes (K, Z, Y, X) of the slices along an axis other than z.

        Raises:
            StoreError: There is no space for them.
        """
        return self._array(axis, f"votes-{NAMES[axis]}", shape)

    def keep(self, axis: int, stop: int) -> None:
        """Keep what is written of the slices along an axis before `stop`."""
        self._arrays[axis].flush()
        self._time = time.monotonic()
        self._work.note(f"{NAMES[axis]}-{stop}-{int(1000 * (self._time - self._begun))}")

    def _array(self, axis: int, name: str, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
        if axis not in self._arrays:
            try:
                self._arrays[axis] = self._work.mapped(name, shape)
            except OSError as error:
                raise StoreError(
                    f"segmenting needs {np.prod(shape, dtype=np.int64) / 2**20:.0f} MiB of scratch space in "
                    f"{self._work.folder} ({error.strerror}); make space there, or write elsewhere."
                ) from error
        return self._arrays[axis]
