"""From logits to a label map, or to probabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor


def to_labels(logits: Tensor, threshold: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Decide every pixel's class.

    Args:
        logits: (K, H, W) float.  K = 1: foreground where the sigmoid is above `threshold`; K > 1: the
            class with the largest logit, the lowest of them in a tie.
        threshold: Probability in (0, 1); used for K = 1 only.

    Returns:
        (H, W) uint8 label values.
    """
    if logits.shape[0] == 1:
        # sigmoid(x) > t where x > log(t / (1 - t)): no rounding of probabilities near 1
        foreground = logits[0].float() > math.log(threshold / (1 - threshold))
        return foreground.byte().numpy(force=True)
    # on CPU max() finds the index ten times faster than argmax(); both take the first in a tie
    return logits.max(dim=0).indices.byte().numpy(force=True)


def to_probabilities(logits: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Give every pixel's probability of each class.

    Args:
        logits: (K, H, W) float.  K = 1: of the foreground, by sigmoid; K > 1: of each class, by softmax.

    Returns:
        (C, H, W) float32, background included: C is 2 for K = 1, otherwise K.
    """
    if logits.shape[0] == 1:
        foreground = logits.float().sigmoid()
        return torch.cat([1 - foreground, foreground]).numpy(force=True)
    return logits.float().softmax(dim=0).numpy(force=True)
