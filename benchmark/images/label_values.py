"""One reader of label values, whatever file they come from: whole numbers, also where a file holds floats."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np

from ..contracts.errors import DataError

Array: TypeAlias = np.ndarray[Any, Any]

_EXACT: Final = {2: 2**11, 4: 2**24, 8: 2**53}
"""Up to here, floats of so many bytes hold every whole number."""


def whole_labels(values: Array, where: str) -> Array:
    """Return label values as whole numbers: truth values as 0 and 1, floats that are whole as integers.

    Args:
        values: As a file holds them.
        where: Begins the message: the file, and the section if there are several.

    Raises:
        DataError: A value is a fraction, NaN, infinite or too large to be exact; says where, and which.
    """
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind in "ui":
        return values
    if values.dtype.kind != "f" or values.dtype.itemsize not in _EXACT:
        raise DataError(f"{where} holds {values.dtype} values; labels are whole numbers, one per pixel.")
    with np.errstate(invalid="ignore"):
        wrong = ~(values == np.round(values)) | ~(np.abs(values) <= _EXACT[values.dtype.itemsize])
    if wrong.any():
        place = np.unravel_index(int(wrong.argmax()), values.shape)
        at = ", ".join(map(str, place))
        raise DataError(
            f"{where} holds {values[place]:g} at ({at}), of type {values.dtype}; labels are whole numbers, "
            "one per pixel. Is it an image, or were labels interpolated?"
        )
    return values.astype(np.int32 if float(np.abs(values).max(initial=0)) < 2**31 else np.int64)


def check_range(labels: Array, where: str, least: int, most: int) -> None:
    """Refuse labels below or above what there may be.

    Raises:
        DataError: There are such.
    """
    low, high = int(labels.min(initial=0)), int(labels.max(initial=0))
    if low < least or high > most:
        raise DataError(
            f"{where} holds {labels.dtype} values from {low} to {high}; label values are whole numbers, "
            f"{least} to {most}."
        )


def count_values(labels: Array) -> dict[int, int]:
    """Count the pixels of each value of whole numbers of any type."""
    values, counts = np.unique(labels, return_counts=True)
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}


def count_pieces(labels: Array) -> dict[int, int]:
    """Count the connected pieces of each value of (H, W) labels; diagonal neighbours are connected."""
    from skimage.measure import label

    values, codes = np.unique(labels, return_inverse=True)
    pieces = label(codes.reshape(labels.shape).astype(np.int32) + 1, connectivity=2)  # type: ignore[no-untyped-call]
    owner = np.zeros(int(pieces.max()) + 1, np.int64)
    owner[pieces.ravel()] = codes.ravel()
    number = np.bincount(owner[1:], minlength=len(values))
    return {int(value): int(count) for value, count in zip(values, number, strict=True)}
