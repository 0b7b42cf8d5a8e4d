"""Confusion counts of one case: the numbers that most scores, and any later aggregate, derive from."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contracts.data import Counts
from ..contracts.errors import DataError, EmsegError, TrialError
from .slicewise import as_slices

_VALUES = 256
"""Label values that uint8 can take."""


def count(
    truth: np.ndarray[Any, Any], prediction: np.ndarray[Any, Any], num_classes: int, ignore_value: int | None
) -> tuple[Counts, ...]:
    """Count each class's pixels that are rightly and wrongly labelled.

    Volumes are counted slice by slice, so that a memory map is never read as a whole.

    Args:
        truth: (H, W) or (Z, Y, X) uint8 label values.
        prediction: uint8 label values of the same shape.
        num_classes: Labels are below this.
        ignore_value: Pixels with this true label are not counted at all.

    Returns:
        One `Counts` per class, in px; the four of a class add up to all pixels that are not ignored.

    Raises:
        DataError: `truth` is not uint8 or not shaped like `prediction`, or has a label outside the classes.
        TrialError: `prediction` has a label outside the classes.
    """
    check_alike(truth, prediction)
    confusion = np.zeros((num_classes, num_classes), np.int64)
    for z, (true, predicted) in enumerate(zip(as_slices(truth), as_slices(prediction), strict=True)):
        place = f"in slice {z} " if truth.ndim == 3 else ""
        confusion += _confusion(true, predicted, num_classes, ignore_value, place)
    return _per_class(confusion)


def check_alike(truth: np.ndarray[Any, Any], prediction: np.ndarray[Any, Any]) -> None:
    """Check that two label maps can be compared.

    Raises:
        DataError: They are not uint8, or not of one shape (H, W) or (Z, Y, X).
    """
    if truth.dtype != np.uint8 or prediction.dtype != np.uint8:
        raise DataError(
            f"true labels are {truth.dtype} and predicted ones {prediction.dtype}, expected uint8 both."
        )
    if truth.ndim not in (2, 3) or truth.shape != prediction.shape:
        raise DataError(
            f"true labels are {truth.shape} and predicted ones {prediction.shape}, expected one (H, W) or "
            "(Z, Y, X): labels must have the sides of their image."
        )


def _confusion(
    truth: np.ndarray[Any, Any],
    prediction: np.ndarray[Any, Any],
    num_classes: int,
    ignore_value: int | None,
    place: str,
) -> np.ndarray[Any, Any]:
    """Count the pairs of labels of a slice (H, W), (K, K); `place` says in errors which slice it is."""
    pairs = (truth.astype(np.uint16) << 8) | prediction
    joint = np.bincount(pairs.ravel(), minlength=_VALUES * _VALUES).reshape(_VALUES, _VALUES)
    if ignore_value is not None:
        joint[ignore_value] = 0
    if joint[num_classes:].any():
        raise _outside(DataError, "true", joint.sum(axis=1), truth, num_classes, place)
    if joint[:, num_classes:].any():
        raise _outside(TrialError, "predicted", joint.sum(axis=0), prediction, num_classes, place)
    return joint[:num_classes, :num_classes]


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


def _outside(
    error: type[EmsegError],
    kind: str,
    pixels: np.ndarray[Any, Any],
    labels: np.ndarray[Any, Any],
    num_classes: int,
    place: str,
) -> EmsegError:
    value = num_classes + int(pixels[num_classes:].argmax())
    row, column = np.argwhere(labels == value)[0]
    return error(
        f"{kind} label {value} {place}at row {row}, column {column} ({pixels[value]} px in all), "
        f"expected 0 to {num_classes - 1}."
    )
