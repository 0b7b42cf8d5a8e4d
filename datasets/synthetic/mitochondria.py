"""Mitochondria: bent capsules with two membranes, a dark matrix and cristae."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from .noise import Field, fibrous_noise, ramp, smooth_noise
from .scene import MEMBRANE, MITOCHONDRIA, Scene, pick_place
from .style import Style

CLEARANCE: Final = 4.0
"""Distance that mitochondria keep from plasma membranes and other organelles, px."""

ATTEMPTS: Final = ((15.0, 0.8), (12.0, 0.7), (9.0, 0.6), (7.0, 0.3))
"""Where to try, roomy places first: distance from the membrane (px), share that must find room."""


def draw_mitochondria(scene: Scene, style: Style, rng: np.random.Generator) -> None:
    """Draw 3 to 8 mitochondria per (2 um)^2, fewer where cells are too narrow."""
    places = [np.argwhere(scene.room(clearance)) for clearance, _ in ATTEMPTS]
    for _ in range(max(2, scene.per_area(rng.uniform(3.0, 8.0)))):
        _draw_one(scene, places, style, rng)


def _draw_one(scene: Scene, places: list[NDArray[np.intp]], style: Style, rng: np.random.Generator) -> None:
    """Try places until one mitochondrion fits between membranes and organelles."""
    for near, (_, share) in zip(places, ATTEMPTS, strict=True):
        for _ in range(4 if len(near) else 0):
            centre = pick_place(near, rng)
            if _draw_at(scene, centre, share, style, rng):
                return


def _draw_at(
    scene: Scene, centre: tuple[int, int], share: float, style: Style, rng: np.random.Generator
) -> bool:
    """Lay a bent capsule along the cell and draw it, if there is room for at least `share` of it."""
    radius = rng.uniform(11.0, 19.0)
    half_length = rng.uniform(5.0, 50.0) * (rng.random() < 0.7)
    angle = _cell_direction(scene, centre) + rng.normal(0.0, 0.25)
    part, y, x = scene.around(centre, radius + half_length + 6)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle) - rng.normal(0.0, 0.004) * along**2
    whole = radius - np.hypot(np.maximum(np.abs(along) - half_length, 0.0), across * rng.uniform(0.9, 1.25))
    whole += 1.6 * smooth_noise(rng, part.shape, 8.0)
    inside = np.asarray(gaussian_filter(np.minimum(whole, _room(part, scene.cells[centre])), 2.0))
    fits = np.count_nonzero(inside > 0) >= max(share * np.count_nonzero(whole > 0), 150)
    if fits:
        _stain(part, inside, angle, style, rng)
    return bool(fits)


def _room(part: Scene, cell: np.intp) -> Field:
    """Return the distance to the nearest thing that a mitochondrion of `cell` must keep clear of, px."""
    organelle = part.labels > MEMBRANE
    to_organelle = distance_transform_edt(~organelle) if organelle.any() else np.inf
    clear = np.minimum(part.depth, to_organelle) - CLEARANCE
    return np.where(part.cells == cell, clear, -CLEARANCE)


def _cell_direction(scene: Scene, centre: tuple[int, int]) -> float:
    """Return the direction in which the cell is longest around `centre`, radians."""
    part, y, x = scene.around(centre, 40)
    cell = part.cells == scene.cells[centre]
    (xx, xy), (_, yy) = np.cov(np.stack([x[cell], y[cell]]))
    return 0.5 * math.atan2(2 * xy, xx - yy)


def _stain(part: Scene, inside: Field, angle: float, style: Style, rng: np.random.Generator) -> None:
    """Stain and label one mitochondrion.

    Args:
        part: The tissue around it.
        inside: (h, w); distance inwards from its outer membrane, px; negative outside.
        angle: Direction of its long axis, radians.
        style: The image's appearance.
        rng: Source of randomness.
    """
    matrix = style.matrix + rng.normal(0.0, 0.04)
    part.stain(ramp(inside, -0.6, 0.6), matrix + 0.04 * smooth_noise(rng, part.shape, 1.2))
    _stain_cristae(part, inside, angle, matrix, style.cristae, rng)
    part.stain(0.5 * ramp(np.abs(inside - 2.6), 1.3, 0.5), matrix + 0.15)
    dark = min(style.membrane + 0.06, matrix - 0.08)
    part.stain(0.9 * ramp(np.abs(inside - 0.9), 1.6, 0.6), dark)
    part.stain(0.7 * ramp(np.abs(inside - 4.4), 1.5, 0.6), dark + 0.05)
    part.labels[inside > 0] = MITOCHONDRIA


def _stain_cristae(
    part: Scene, inside: Field, axis: float, matrix: float, contrast: float, rng: np.random.Generator
) -> None:
    """Stain cristae: pale slits with dark rims, mostly across the long axis, within the inner membrane."""
    angle = axis + (math.pi / 2 if rng.random() < 0.65 else 0.0) + rng.normal(0.0, 0.2)
    sheets = fibrous_noise(rng, part.shape, 9.0, 1.9, angle)
    core = contrast * ramp(inside, 4.0, 6.0)
    part.stain(core * ramp(np.abs(sheets - 0.35), 0.45, 0.15), matrix - 0.16)
    part.stain(core * ramp(sheets, 0.75, 1.25), matrix + 0.26)
