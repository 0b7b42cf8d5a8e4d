"""Small cases with known relations, for checking metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from ..benchmark.contracts.basics import Need
from ..benchmark.contracts.data import ScoredCase
from ..benchmark.evaluation.confusion import count

Labels: TypeAlias = np.ndarray[Any, Any]

SIDE = 48
"""px"""

VOXEL_SIZE_NM = (5.0, 5.0)

IGNORED = 255

CLASSES = ("background", "mitochondrion", "vesicle")


def make_case(
    truth: Labels, prediction: Labels, needs: tuple[Need, ...] = ("voxel size", "probabilities")
) -> ScoredCase:
    """Make a case of three classes as evaluation does.

    Args:
        truth: (H, W) uint8.
        prediction: (H, W) uint8.
        needs: What the case offers beside label maps.
    """
    return ScoredCase(
        truth=truth,
        prediction=prediction,
        class_names=CLASSES,
        counts=count(truth, prediction, len(CLASSES), IGNORED),
        ignore_value=IGNORED,
        voxel_size_nm=VOXEL_SIZE_NM if "voxel size" in needs else None,
        probabilities=(lambda: _probabilities(prediction)) if "probabilities" in needs else None,
    )


def truth() -> Labels:
    """Draw two mitochondria and three vesicles, apart from each other and from the border."""
    labels = np.zeros((SIDE, SIDE), np.uint8)
    labels[6:18, 5:20], labels[28:40, 26:42] = 1, 1
    labels[8:12, 30:34], labels[30:34, 8:12], labels[38:42, 14:18] = 2, 2, 2
    return labels


def wrong() -> Labels:
    """Give the truth's next class to every pixel: none is right."""
    return ((truth() + 1) % len(CLASSES)).astype(np.uint8)


def imperfect() -> Labels:
    """Move the truth by 2 px down and 1 px right, and lose a vesicle."""
    labels = truth()
    labels[8:12, 30:34] = 0
    return np.roll(labels, (2, 1), (0, 1))


def partly_ignored() -> Labels:
    """Give the truth with its left quarter ignored."""
    labels = truth()
    labels[:, : SIDE // 4] = IGNORED
    return labels


def empty_pairs() -> Mapping[str, tuple[Labels, Labels]]:
    """Give pairs of truth and prediction in which classes are absent, by what is absent."""
    nothing, full = np.zeros((SIDE, SIDE), np.uint8), truth()
    return {
        "absent from both": (nothing, nothing),
        "absent from the truth": (nothing, full),
        "absent from the prediction": (full, nothing),
        "everywhere": (np.ones_like(full), np.ones_like(full)),
        "nothing but ignored pixels": (np.full_like(full, IGNORED), full),
    }


def _probabilities(prediction: Labels) -> Labels:
    """Give the predicted class of each pixel all of the probability, (C, H, W) float32."""
    classes: Labels = np.arange(len(CLASSES))[:, None, None]
    return np.equal(classes, prediction).astype(np.float32)
