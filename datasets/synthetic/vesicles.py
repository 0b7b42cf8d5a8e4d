"""Vesicles: small rings with a clear lumen, in clusters; and some larger endosomes."""

from __future__ import annotations

import numpy as np

from .noise import Field, Mask, ramp
from .scene import BACKGROUND, VESICLE, Scene, pick_place
from .style import Style


def draw_vesicles(scene: Scene, style: Style, rng: np.random.Generator) -> None:
    """Draw 2 to 4 clusters of vesicles per (2 um)^2, and single larger ones, in free cytoplasm."""
    places = np.argwhere(scene.room(7.0))
    for _ in range(max(2, scene.per_area(rng.uniform(2.0, 4.0))) if len(places) else 0):
        _draw_cluster(scene, pick_place(places, rng), style, rng)
    singles = rng.uniform(3.0, 8.0, max(2, scene.per_area(rng.integers(4, 14))))
    _draw_many(scene, scene.room(8.0), singles, style, rng)


def _draw_cluster(scene: Scene, centre: tuple[int, int], style: Style, rng: np.random.Generator) -> None:
    """Fill a part of one cell with vesicles of nearly one size (radius 20 to 32 nm)."""
    reach = rng.uniform(18.0, 38.0)
    part, y, x = scene.around(centre, reach)
    radius = rng.uniform(2.5, 4.0)
    near = part.room(radius + 2.0) & (part.cells == scene.cells[centre]) & (np.hypot(y, x) < reach)
    _draw_many(part, near, rng.normal(radius, 0.25, rng.integers(10, 40)), style, rng)


def _draw_many(scene: Scene, allowed: Mask, radii: Field, style: Style, rng: np.random.Generator) -> None:
    """Draw a vesicle of each radius at a random allowed place, unless something is there already."""
    places = np.argwhere(allowed)
    for radius in radii if len(places) else ():
        _draw_vesicle(scene, pick_place(places, rng), float(radius), style, rng)


def _draw_vesicle(
    scene: Scene, place: tuple[int, int], radius: float, style: Style, rng: np.random.Generator
) -> None:
    """Stain and label one vesicle, not quite round, unless its place is taken."""
    part, y, x = scene.around(place, radius + 3.0)
    shift, squash = rng.uniform(-0.5, 0.5, 2), rng.uniform(0.88, 1.14)
    distance = np.hypot((y - shift[0]) * squash, (x - shift[1]) / squash)
    if np.any(part.labels[distance < radius + 1.0] != BACKGROUND):
        return
    part.stain(0.8 * ramp(distance, radius, radius - 1.0), style.cytoplasm + rng.normal(0.08, 0.05))
    part.stain(0.9 * ramp(np.abs(distance - radius + 0.5), 1.3, 0.4), style.membrane + rng.normal(0.1, 0.05))
    part.labels[distance < radius + 0.3] = VESICLE
