"""Colours label values over an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from ..benchmark.images.class_colours import class_colour
from ..benchmark.images.label_pictures import label_values
from .palette import OTHER

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

SIDE = 448
"""Longest side of a picture in the report, px."""
OPACITY = np.uint8(0.45 * 255)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A coloured picture."""

    picture: Image.Image
    labels: frozenset[int]
    """Label values that occur."""


def fit(image: Image.Image) -> Image.Image:
    """Return the image as RGB, no side longer than `SIDE` px."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    return small


def overlay(image: Image.Image, labels: Path, class_count: int) -> Overlay:
    """Lay labels over an image: areas half transparent, outlines opaque, background clear.

    Args:
        image: RGB, as `fit` returns it.
        labels: A picture of 8-bit label values, any size of the same shape.
        class_count: Number of classes with background; values beyond are grey (not scored).
    """
    with Image.open(labels) as opened:
        return overlay_values(image, label_values(opened), class_count)


def overlay_values(image: Image.Image, labels: Image.Image, class_count: int) -> Overlay:
    """Lay labels over an image, as `overlay` does.

    Args:
        image: RGB, as `fit` returns it.
        labels: 8-bit label values, any size of the same shape.
        class_count: Number of classes with background; values beyond are grey (not scored).
    """
    values = np.asarray(labels.resize(image.size, Image.Resampling.NEAREST))
    coloured = Image.fromarray(_colours(class_count)[values])
    opacity = np.where(_outline(values), np.uint8(255), OPACITY) * (values > 0)
    mixed = Image.composite(coloured, image, Image.fromarray(opacity))
    return Overlay(mixed, frozenset(np.flatnonzero(np.bincount(values.ravel())).tolist()))


def _colours(class_count: int) -> Pixels:
    """RGB by label value, (256, 3)."""
    table = [ImageColor.getrgb(class_colour(max(1, label)))[:3] for label in range(class_count)]
    table += [ImageColor.getrgb(OTHER)[:3]] * (256 - class_count)
    return np.array(table, dtype=np.uint8)


def _outline(values: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Pixels of which one of the four neighbours has another label."""
    edge = np.zeros(values.shape, dtype=np.bool_)
    beside, above = values[:, :-1] != values[:, 1:], values[:-1, :] != values[1:, :]
    edge[:, :-1] |= beside
    edge[:, 1:] |= beside
    edge[:-1, :] |= above
    edge[1:, :] |= above
    return edge
