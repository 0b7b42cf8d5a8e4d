"""What tidies predicted label maps: steps that a protocol names, between network and score."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from scipy import ndimage

from ..contracts.data import PostProcessing
from ..contracts.errors import TrialError
from .slabs import Labels

Array: TypeAlias = np.ndarray[Any, Any]

EIGHT = np.ones((3, 3), bool)
"""Pixels that touch at a corner belong together, as in metrics of objects."""


def remove_small(min_px: int) -> PostProcessing:
    """Make the step that turns small objects of every class into background."""
    return partial(_without_small, min_px)


def fill_holes() -> PostProcessing:
    """Make the step that gives background which an object encloses to that object's class."""
    return _without_holes


def tidy(labels: Array, steps: Sequence[PostProcessing]) -> Array:
    """Take labels (H, W) uint8 through all steps.

    Raises:
        TrialError: A step returned something else than such labels.
    """
    for step in steps:
        found = step(labels)
        if not isinstance(found, np.ndarray) or (found.shape, found.dtype) != (labels.shape, labels.dtype):
            got = f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
            raise TrialError(
                f"a post-processing step turned labels {labels.dtype} {labels.shape} into {got}, expected "
                "labels of the same shape and type."
            )
        labels = found
    return labels


class TidiedLabels:
    """Takes the labels of a volume and hands them on after each section went through the steps."""

    def __init__(self, labels: Labels, steps: Sequence[PostProcessing]) -> None:
        self._labels, self._steps = labels, steps

    def __setitem__(self, index: slice, labels: Array, /) -> None:
        """Take the slices of a range."""
        self._labels[index] = np.stack([tidy(section, self._steps) for section in labels])


def _without_small(min_px: int, labels: Array) -> Array:
    tidied = labels.copy()
    for value in _classes(labels):
        objects, _ = ndimage.label(labels == value, EIGHT)
        tidied[(np.bincount(objects.ravel()) < min_px)[objects] & (objects > 0)] = 0
    return tidied


def _without_holes(labels: Array) -> Array:
    tidied = labels.copy()
    for value in _classes(labels):
        tidied[ndimage.binary_fill_holes(labels == value) & (labels == 0)] = value
    return tidied


def _classes(labels: Array) -> list[int]:
    return [int(value) for value in np.unique(labels) if value]
