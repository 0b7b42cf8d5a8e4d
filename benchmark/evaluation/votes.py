"""Votes: what the slices along each axis say of a voxel, in 8 bits.

Probability x 255 / number of axes, cut down to a whole number (as Xing, Xie & Bader 2025, doi
10.1371/journal.pcbi.1013115), so that the votes of all axes add up to at most 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

from .kept_slices import KeptSlices
from .scratch import scratch_array
from .slabs import Labels

Bytes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]

FULL_VOTE = 255


def votes(logits: Tensor, axes: int) -> Bytes:
    """Turn the logits of a slice into its share of the votes.

    Args:
        logits: (K, H, W) float; K = 1: sigmoid, else softmax.
        axes: Number of axes that vote.

    Returns:
        (K, H, W), each at most 255 / `axes`.
    """
    probabilities = logits.sigmoid() if len(logits) == 1 else logits.softmax(dim=0)
    shares: Bytes = (probabilities * (FULL_VOTE / axes)).byte().numpy(force=True)
    return shares


def decide(total: Bytes, threshold: float) -> Bytes:
    """Decide every voxel's class from the votes of all axes.

    Args:
        total: (K, ...).  K = 1: foreground above int(255 * `threshold`) votes; K > 1: the class with most
            votes, the lowest of them in a tie.
        threshold: Probability in (0, 1); used for K = 1 only.

    Returns:
        (...) label values.
    """
    if len(total) == 1:
        return np.asarray(total[0] > int(FULL_VOTE * threshold)).view(np.uint8)
    labels, most = np.zeros(total.shape[1:], np.uint8), total[0].copy()
    for label in range(1, len(total)):  # in bytes all the way: argmax gives 8 per voxel, and is slower
        labels[total[label] > most] = label
        np.maximum(most, total[label], out=most)
    return labels


class Tally:
    """Sums up the votes of all axes, and decides when z, the last, has voted.

    Args:
        labels: Takes what is decided.
        shape: Of the volume, (Z, Y, X).
        threshold: As in `decide`.
        scratch: Folder for sums that are large.
        axes: Which ones vote, in their order.
        kept: Takes the votes of each axis instead, so that what is written twice counts once.
    """

    def __init__(
        self,
        labels: Labels,
        shape: tuple[int, ...],
        threshold: float,
        scratch: Path,
        axes: Sequence[int],
        kept: KeptSlices | None = None,
    ) -> None:
        self._labels = labels
        self._axes, self._kept = axes, kept
        self._shape = shape
        self._threshold = threshold
        self._scratch = scratch
        self._total: Bytes | None = None

    def take(self, axis: int, start: int, block: Bytes) -> None:
        """Take the votes (N, K, ., .) of slices along `axis` from `start` on."""
        block = np.moveaxis(block, 1, 0)
        ours = slice(start, start + block.shape[1])
        if axis > 0:
            sums = np.moveaxis(self._sums(len(block), axis), axis + 1, 1)
            for row in range(block.shape[2]):  # so that the processor's cache holds what is turned around
                if self._kept:
                    sums[:, ours, row] = block[:, :, row]
                else:
                    sums[:, ours, row] += block[:, :, row]
            return
        total = block
        for sums in self._before_z(len(block)):
            total = total + sums[:, ours]
        self._labels[ours] = decide(total, self._threshold)

    def _before_z(self, outputs: int) -> list[Bytes]:
        """Return (K, Z, Y, X) each, which add up to the votes of all other axes."""
        before = [self._sums(outputs, axis) for axis in self._axes if axis]
        return before if self._kept else before[:1]

    def _sums(self, outputs: int, axis: int) -> Bytes:
        """Return (K, Z, Y, X): the votes of all axes so far, or those of one that are kept."""
        shape = (outputs, *self._shape)
        if self._kept:
            return self._kept.votes(axis, shape)
        if self._total is None:
            self._total = scratch_array(shape, np.uint8, self._scratch)
        return self._total
