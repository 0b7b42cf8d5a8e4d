"""The random changes of a training crop: drawn one by one, made of geometry here and of grey values later."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ..contracts.data import GreyChange
from .options import AugmentationOptions

ZOOM = (0.8, 1.25)
BLUR_SIGMA = (0.5, 1.5)
BLUR_SIDE = 7
"""Of the Gaussian's kernel, px."""
QUARTERS = ((1, 0), (0, 1), (-1, 0), (0, -1))
"""Cosine and sine of quarter turns."""
INTERPOLATION_MARGIN = 2
"""How much more than a warped crop covers is cut, px: interpolation looks at neighbours, and cuts are whole
pixels."""

Pixels = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a crop lies in what is cut for it: `step` from its centre is `matrix @ step` from the cut's."""

    matrix: Pixels
    """(2, 2): from steps (x, y) in the crop to steps in the image."""
    warped: bool
    """Whether pixels must be interpolated; otherwise the matrix only mirrors and makes quarter turns."""

    def reach(self, side: int) -> int:
        """Say how large a square must be cut out for a crop of `side` px to have no empty corner, px."""
        if not self.warped:
            return side
        return math.ceil(side * float(np.abs(self.matrix[0]).sum())) + INTERPOLATION_MARGIN


# ------------------------------------------------------------------------------------------ geometry
def draw_geometry(settings: AugmentationOptions, rng: np.random.Generator) -> Geometry:
    """Draw mirroring, and a quarter turn or a rotation with zoom."""
    affine, horizontal, vertical, turn, zoom = (float(share) for share in rng.random(5))
    mirror = np.diag([-1.0 if share < settings.flip else 1.0 for share in (horizontal, vertical)])
    if affine < settings.affine:
        scale = ZOOM[0] * (ZOOM[1] / ZOOM[0]) ** zoom
        angle = math.tau * turn
        return Geometry(_rotation(math.cos(angle), math.sin(angle)) @ mirror / scale, warped=True)
    cosine, sine = QUARTERS[int(4 * turn)] if settings.rotate90 else QUARTERS[0]
    return Geometry(_rotation(cosine, sine) @ mirror, warped=False)


def place(cut: Pixels, geometry: Geometry, side: int, *, labels: bool = False) -> Pixels:
    """Make a crop of what was cut out for it.

    Args:
        cut: (H, W) uint8 or float32; its centre becomes the crop's.
        geometry: How it is turned.
        side: Of the crop, px; the cut's too, unless it is warped.
        labels: Take the nearest pixel instead of interpolating between four.

    Returns:
        (side, side)
    """
    if not geometry.warped:
        return _turned(cut, geometry.matrix)
    centre = (np.array(cut.shape[::-1]) - 1) / 2
    shift = centre - geometry.matrix @ np.full(2, (side - 1) / 2)
    kind = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
    matrix = np.column_stack([geometry.matrix, shift])
    return np.asarray(
        cv2.warpAffine(
            cut, matrix, (side, side), flags=kind | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101
        )
    )


def _rotation(cosine: float, sine: float) -> Pixels:
    return np.array([[cosine, -sine], [sine, cosine]], np.float64)


def _turned(cut: Pixels, matrix: Pixels) -> Pixels:
    """Mirror and transpose: ``crop[y, x] = cut[matrix @ (x, y)]`` about the centres."""
    if not matrix[0, 0]:
        cut, matrix = cv2.transpose(cut), matrix[::-1]
    columns, rows = matrix[0, 0] < 0, matrix[1, 1] < 0
    if not (columns or rows):
        return cut
    return np.asarray(cv2.flip(cut, -1 if columns and rows else int(columns)))


# ------------------------------------------------------------------------------------------ grey values
def draw_grey(settings: AugmentationOptions, rng: np.random.Generator) -> GreyChange:
    """Draw brightness, contrast and noise."""
    brightness, contrast, noise = (float(share) for share in rng.random(3))
    return GreyChange(
        brightness=settings.brightness * (2 * brightness - 1),
        contrast=1 + settings.contrast * (2 * contrast - 1),
        noise=settings.noise * noise,
        seed=int(rng.integers(2**63)) if settings.noise else 0,
    )


def draw_blur(settings: AugmentationOptions, rng: np.random.Generator) -> float:
    """Draw the standard deviation of a Gaussian blur, px; 0: none."""
    happens, sigma = (float(share) for share in rng.random(2))
    return BLUR_SIGMA[0] + sigma * (BLUR_SIGMA[1] - BLUR_SIGMA[0]) if happens < settings.blur else 0.0


def blurred(plane: Pixels, sigma: float) -> Pixels:
    """Blur (H, W) with a Gaussian, mirrored beyond the border (reflect-101); `sigma` 0: leave it."""
    return np.asarray(cv2.GaussianBlur(plane, (BLUR_SIDE, BLUR_SIDE), sigma)) if sigma else plane
