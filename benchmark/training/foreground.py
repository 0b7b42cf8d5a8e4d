"""Where each training image has its classes, counted row by row once, so that a pixel is chosen fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..contracts.data import Case
from ..files.shared_memory import shared_zeros

STRIPE = 2**20
"""Pixels that are counted at once: of a memory-mapped image no more than this is in memory."""

Pixels = np.ndarray[Any, Any]


class ForegroundRows:
    """Chooses foreground pixels: a class that is there, all alike, then one of its pixels, all alike.

    Of every image and class it keeps how many pixels lie above the end of each row, 4 bytes a row, in memory
    that forked loader processes share; a choice then looks at one row of the labels.  An image is counted
    when it is first asked for.

    Args:
        cases: Which images there are.
        classes: Number of classes, background included.
        ignore_value: Label of pixels that do not count.
    """

    def __init__(self, cases: Sequence[Case], classes: int, ignore_value: int | None) -> None:
        self._labels = [label for label in range(1, classes) if label != ignore_value]
        self._ends = np.cumsum([case.height for case in cases]) * len(self._labels)
        self._counts = shared_zeros(4 * max(1, int(self._ends[-1]))).view(np.uint32)
        self._counted = shared_zeros(len(cases))

    def choose(self, number: int, labels: Pixels, rng: np.random.Generator) -> tuple[int, int] | None:
        """Choose a pixel of an image.

        Args:
            number: Of the image.
            labels: Its labels, (H, W).
            rng: Decides.

        Returns:
            Row and column, or None where no pixel is foreground.
        """
        upto = self._rows(number, labels)
        present = np.flatnonzero(upto[:, -1])
        if not present.size:
            return None
        kind = present[rng.integers(present.size)]
        pixel = int(rng.integers(upto[kind, -1]))
        row = int(np.searchsorted(upto[kind], pixel, side="right"))
        before = int(upto[kind, row - 1]) if row else 0
        return row, int(np.flatnonzero(labels[row] == self._labels[kind])[pixel - before])

    def _rows(self, number: int, labels: Pixels) -> Pixels:
        """Give (classes, H): pixels of each foreground class down to the end of each row."""
        end = int(self._ends[number])
        upto = self._counts[end - len(self._labels) * len(labels) : end].reshape(-1, len(labels))
        if not self._counted[number]:
            upto[:] = _count(labels, self._labels)
            self._counted[number] = 1
        return upto


def _count(labels: Pixels, classes: Sequence[int]) -> Pixels:
    height, width = labels.shape
    rows = max(1, STRIPE // width)
    counts = np.zeros((len(classes), height), np.uint32)
    for top in range(0, height, rows):
        stripe = labels[top : top + rows]
        for line, label in zip(counts, classes, strict=True):
            line[top : top + rows] = np.count_nonzero(stripe == label, axis=1)
    return np.cumsum(counts, axis=1, dtype=np.uint32)
