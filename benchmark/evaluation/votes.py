"""Votes: what the slices along each axis say of a voxel, in 8 bits, as published with RETINA.

Probability x 255 / number of axes, cut down to a whole number (Xing, Xie & Bader 2025, doi
10.1371/journal.pcbi.1013115), so that the votes of all axes add up to at most 255.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

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
