"""Volumes, segmented slice by slice along one or three axes, as published with RETINA.

Every slice gives probabilities; these are kept as 8-bit votes (Xing, Xie & Bader 2025, doi
10.1371/journal.pcbi.1013115): probability x 255 / number of axes, cut down to a whole number, so that
the votes of all axes add up to at most 255.  No volume of floating-point numbers is ever held: the
votes take as many bytes per voxel as the network has outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from torch import Tensor

from ..errors import DataError
from .segmenter import Segmenter

Array: TypeAlias = np.ndarray[Any, Any]
Bytes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
Axes: TypeAlias = Literal["stack", "orthoplane"]

AXES: Mapping[Axes, tuple[int, ...]] = {"stack": (0,), "orthoplane": (0, 1, 2)}
"""Along which axes of (Z, Y, X) the slices follow each other."""

FULL_VOTE = 255


def segment_volume(
    segmenter: Segmenter,
    volume: Array,
    axes: Axes,
    on_slice: Callable[[], None] = lambda: None,
) -> Bytes:
    """Segment a volume.

    Args:
        segmenter: Segments the slices, as its `for_slices` says.
        volume: (Z, Y, X) uint8, or float32 between 0 and 1.
        axes: Along which axes it is cut into slices.
        on_slice: Called after each slice, for progress.

    Returns:
        (Z, Y, X) label values.

    Raises:
        DataError: The volume is empty, or its pixels do not fit the normalisation.
        TrialError: The model's output has the wrong shape, or is not finite.
    """
    slicewise = segmenter.for_slices()
    total: Bytes | None = None
    for axis in AXES[axes]:
        for index, plane in enumerate(np.moveaxis(volume, axis, 0)):
            logits = slicewise.logits(np.ascontiguousarray(plane)[None])
            if total is None:
                total = np.zeros((len(logits), *volume.shape), np.uint8)
            np.moveaxis(total, axis + 1, 0)[index] += votes(logits, len(AXES[axes]))
            on_slice()
    if total is None:
        raise DataError(f"the volume is {volume.shape} (z, y, x), expected at least one slice.")
    return decide(total, segmenter.protocol.threshold)


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
        total: (K, Z, Y, X).  K = 1: foreground above int(255 * `threshold`) votes; K > 1: the class with
            most votes, the lowest of them in a tie.
        threshold: Probability in (0, 1); used for K = 1 only.

    Returns:
        (Z, Y, X) label values.
    """
    if len(total) == 1:
        return np.asarray(total[0] > int(FULL_VOTE * threshold)).view(np.uint8)
    labels = np.empty(total.shape[1:], np.uint8)
    for z, plane in enumerate(labels):  # argmax gives 8 bytes per voxel
        plane[:] = total[:, z].argmax(axis=0)
    return labels
