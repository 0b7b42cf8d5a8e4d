"""Confusion counts of one case: the numbers that most scores, and any later aggregate, derive from."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contracts import Counts
from ..errors import DataError, EmsegError, TrialError

_VALUES = 256
"""Label values that uint8 can take."""


def count(
    truth: np.ndarray[Any, Any], prediction: np.ndarray[Any, Any], num_classes: int, ignore_value: int | None
) -> tuple[Counts, ...]:
    """Count each class's pixels that are rightly and wrongly labelled.

    Args:
        truth: (H, W) uint8 label values.
        prediction: (H, W) uint8 label values.
        num_classes: Labels are below this.
        ignore_value: Pixels with this true label are not counted at all.

    Returns:
        One `Counts` per class, in px; the four of a class add up to all pixels that are not ignored.

    Raises:
        DataError: `truth` is not (H, W) uint8 like `prediction`, or has a label outside the classes.
        TrialError: `prediction` has a label outside the classes.
    """
    _check_arrays(truth, prediction)
    pairs = (truth.astype(np.uint16) << 8) | prediction
    joint = np.bincount(pairs.ravel(), minlength=_VALUES * _VALUES).reshape(_VALUES, _VALUES)
    if ignore_value is not None:
        joint[ignore_value] = 0
    if joint[num_classes:].any():
        raise _outside(DataError, "true", joint.sum(axis=1), truth, num_classes)
    if joint[:, num_classes:].any():
        raise _outside(TrialError, "predicted", joint.sum(axis=0), prediction, num_classes)
    return _per_class(joint[:num_classes, :num_classes])


def _per_class(confusion: np.ndarray[Any, Any]) -> tuple[Counts, ...]:
    """Split a (K, K) matrix of true (rows) by predicted (columns) labels."""
    hits, true, predicted, pixels = confusion.diagonal(), confusion.sum(1), confusion.sum(0), confusion.sum()
    return tuple(
        Counts(
            true_positive=int(tp),
            false_positive=int(p - tp),
            false_negative=int(t - tp),
            true_negative=int(pixels - t - p + tp),
        )
        for tp, t, p in zip(hits, true, predicted, strict=True)
    )


def _check_arrays(truth: np.ndarray[Any, Any], prediction: np.ndarray[Any, Any]) -> None:
    if truth.dtype != np.uint8 or prediction.dtype != np.uint8:
        raise DataError(
            f"true labels are {truth.dtype} and predicted ones {prediction.dtype}, expected uint8 both."
        )
    if truth.ndim != 2 or truth.shape != prediction.shape:
        raise DataError(
            f"true labels are {truth.shape} and predicted ones {prediction.shape}, expected one (H, W): "
            "labels must have the height and width of their image."
        )


def _outside(
    error: type[EmsegError],
    kind: str,
    pixels: np.ndarray[Any, Any],
    labels: np.ndarray[Any, Any],
    num_classes: int,
) -> EmsegError:
    value = num_classes + int(pixels[num_classes:].argmax())
    row, column = np.argwhere(labels == value)[0]
    return error(
        f"{kind} label {value} at row {row}, column {column} ({pixels[value]} px in all), "
        f"expected 0 to {num_classes - 1}."
    )
