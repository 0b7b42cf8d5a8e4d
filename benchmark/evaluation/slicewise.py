"""Label maps of images and volumes slice by slice: no copy of a whole volume in a wider type is ever made."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Labels: TypeAlias = np.ndarray[Any, Any]


def as_slices(labels: Labels) -> Labels:
    """View (H, W) as one slice, (1, H, W); a volume (Z, Y, X) is returned as it is."""
    return labels if labels.ndim == 3 else labels[None]


def mask_by_truth(prediction: Labels, truth: Labels) -> Labels:
    """Set a prediction to background where the truth is, as published for volumes that are annotated in part.

    Args:
        prediction: (H, W) or (Z, Y, X) uint8 label values.
        truth: Of the same shape.

    Returns:
        A new array.
    """
    masked = np.zeros(prediction.shape, prediction.dtype)
    for kept, predicted, true in zip(*map(as_slices, (masked, prediction, truth)), strict=True):
        np.copyto(kept, predicted, where=true > 0)
    return masked
