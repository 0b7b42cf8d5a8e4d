"""Inference on whole images at once.

A network takes only sides that are multiples of its divisor.  ``whole-resized`` (as Conrad & Narayan 2021,
doi 10.7554/eLife.65894) resizes an image down to such sides and the labels back up, so that a model sees a
slightly coarser image than the one that it is scored on; slices of volumes are padded instead (`grid.whole`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
import torch
from torch import Tensor

from ..contracts.errors import DataError
from .forward import Forward
from .grid import whole
from .sliding_window import predict_images

Array: TypeAlias = np.ndarray[Any, Any]


def shrink(image: Array, divisor: int) -> Array:
    """Resize (C, H, W) bilinearly to the largest sides up to its own that are multiples of `divisor`.

    Raises:
        DataError: A side is shorter than `divisor`.
    """
    height, width = (side // divisor * divisor for side in image.shape[-2:])
    if not height or not width:
        sides = " x ".join(map(str, image.shape[-2:]))
        raise DataError(
            f"the image is {sides} px, expected at least {divisor} x {divisor}, for it is resized down to "
            "multiples of that; or take --set protocol.window=whole-padded."
        )
    if (height, width) == image.shape[-2:]:
        return image
    return np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in image])


def grow(logits: Tensor, height: int, width: int) -> Tensor:
    """Resize (K, h, w) to (K, height, width) by the nearest pixel; labels made of it are so resized too."""
    rows, columns = (
        _nearest(*sides, logits.device) for sides in ((logits.shape[1], height), (logits.shape[2], width))
    )
    return logits[:, rows[:, None], columns]


def predict_padded(model: Callable[[Tensor], Tensor], image: Tensor, divisor: int) -> Tensor:
    """Predict (K, H, W) float32 logits of a normalised image (C, H, W), mirrored at its bottom and right.

    Raises:
        TrialError: The model's output has the wrong shape, or is not finite.
    """
    height, width = image.shape[-2:]
    grid = whole(height, width, size_divisor=divisor)
    (logits,) = predict_images(Forward(model=model), [image], grid, blending="constant", batch_size=1)
    return logits


def _nearest(side: int, wanted: int, device: torch.device) -> Tensor:
    """For each of `wanted` pixels the one of `side` whose area holds its centre."""
    return ((torch.arange(wanted, device=device, dtype=torch.float64) + 0.5) * side / wanted).long()
