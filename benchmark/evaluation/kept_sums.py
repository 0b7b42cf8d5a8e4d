"""What a network has seen of an image, kept now and then, so that what was killed goes on within it.

Windows go row by row, so the sums above the row of the last window are final and written once; those of the
row itself are written anew each time, and count from when they are noted.
"""

from __future__ import annotations

import time
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from torch import Tensor

from .working import RawArray, Work

Array: TypeAlias = np.ndarray[Any, Any]

SECONDS: Final = 20.0
"""Between two times that something is kept; so much is computed anew after a kill."""


class KeptSums:
    """Keeps the sums over an image's windows; see `sliding_window.Kept`.

    Args:
        work: Where.
        name: Of the network, and of what decides which windows share a forward pass; without a hyphen.
    """

    def __init__(self, work: Work, name: str) -> None:
        self._work, self._name = work, name
        self._last = max(work.noted(name, 4), default=(0, 0, 0, 0))
        """How many windows are done, the rows from and up to which the last of them reaches, and how many
        milliseconds they took."""
        self._time = time.monotonic()
        self._begun = self._time - self.seconds

    @property
    def done(self) -> int:
        """Windows."""
        return self._last[0]

    @property
    def seconds(self) -> float:
        """What they took, in all sessions."""
        return self._last[3] / 1000

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() - self._time >= SECONDS

    def restore(self, sums: Tensor) -> None:
        """Put what is kept into (K, H, W) zeros."""
        done, top, bottom, _ = self._last
        sums[:, :top] = _columns(self._final(sums)[:top])
        sums[:, top:bottom] = _columns(self._open(sums, done, bottom - top)[: bottom - top])

    def keep(self, done: int, sums: Tensor, top: int, bottom: int) -> None:
        """Keep the sums (K, H, W)."""
        (before, first, _, _), noted = self._last, self._noted
        if top > first:
            self._final(sums)[first:top] = _rows(sums[:, first:top])
        self._open(sums, done, bottom - top)[0 : bottom - top] = _rows(sums[:, top:bottom])
        self._time = time.monotonic()
        self._last = (done, top, bottom, int(1000 * (self._time - self._begun)))
        self._work.note(self._noted)
        if before:
            self._work.forget(noted, f"{self._name}-{before}")

    @property
    def _noted(self) -> str:
        return "-".join(map(str, (self._name, *self._last)))

    def _final(self, sums: Tensor) -> RawArray:
        classes, height, width = sums.shape
        return self._work.array(self._name, (height, classes, width), np.float32)

    def _open(self, sums: Tensor, done: int, rows: int) -> RawArray:
        return self._work.array(f"{self._name}-{done}", (rows, len(sums), sums.shape[2]), np.float32)


def _rows(sums: Tensor) -> Array:
    return np.asarray(sums.movedim(1, 0).numpy(force=True))


def _columns(rows: Array) -> Tensor:
    return torch.from_numpy(rows).movedim(0, 1)
