"""What cells hold that no class covers: reticulum, granules, lysosomes, synaptic densities.

All of it stays background, as in a real annotation of a few classes, and looks like a class at
first sight: reticulum like membranes, granules like vesicles, lysosomes like mitochondria.
"""

from __future__ import annotations

import numpy as np

from .noise import Field, Mask, ramp, smooth_noise
from .scene import BACKGROUND, MEMBRANE, Scene, pick_place
from .style import Style


def draw_reticulum(scene: Scene, style: Style, rng: np.random.Generator) -> None:
    """Draw cisternae of endoplasmic reticulum: winding pairs of thin membranes in some places."""
    winding = smooth_noise(rng, scene.shape, 11.0)
    distance = np.abs(winding) / np.maximum(np.hypot(*np.gradient(winding)), 0.02)
    where = ramp(smooth_noise(rng, scene.shape, 18.0), 0.4, 0.8) * ramp(scene.depth, 4.0, 7.0)
    where *= scene.labels == BACKGROUND
    # Cisternae are cut where they leave the section's plane.
    where *= ramp(smooth_noise(rng, scene.shape, 6.0), -1.2, -0.6) * rng.uniform(0.4, 0.9)
    scene.stain(where * ramp(distance, 1.8, 0.8), style.cytoplasm + 0.1)
    scene.stain(where * ramp(np.abs(distance - 2.4), 1.5, 0.5), style.membrane + 0.08)


def draw_granules(scene: Scene, style: Style, rng: np.random.Generator) -> None:
    """Draw dark bodies without a lumen: granules (radius 10 to 30 nm) and lysosomes (50 to 100 nm)."""
    granules = rng.uniform(1.2, 3.6, scene.per_area(rng.integers(10, 60)))
    lysosomes = rng.uniform(6.0, 12.0, scene.per_area(rng.integers(0, 4)))
    _draw_bodies(scene, scene.room(5.0), granules, style, rng)
    _draw_bodies(scene, scene.room(14.0), lysosomes, style, rng)


def _draw_bodies(scene: Scene, allowed: Mask, radii: Field, style: Style, rng: np.random.Generator) -> None:
    """Draw a dark body of each radius at a random allowed place."""
    places = np.argwhere(allowed)
    for radius in radii if len(places) else ():
        part, y, x = scene.around(pick_place(places, rng), radius + 4)
        distance = np.hypot(y, x) + 0.12 * radius * smooth_noise(rng, part.shape, 4.0)
        tone = style.matrix - rng.uniform(0.0, 0.25) + 0.03 * smooth_noise(rng, part.shape, 1.3)
        opacity = rng.uniform(0.5, 0.9) * ramp(distance, radius + 0.7, radius - 0.7)
        part.stain(opacity * (part.labels == BACKGROUND), tone)


def draw_synapses(scene: Scene, style: Style, rng: np.random.Generator) -> None:
    """Darken one side of short stretches of membrane, as postsynaptic densities do."""
    places = np.argwhere(scene.labels == MEMBRANE)
    for _ in range(scene.per_area(rng.integers(1, 5)) if len(places) else 0):
        place = pick_place(places, rng)
        part, y, x = scene.around(place, 20)
        near = ramp(np.hypot(y, x), 19.0, 11.0) * (part.labels <= MEMBRANE)
        one_side = part.cells == scene.cells[place]
        part.stain(0.75 * near * one_side * ramp(part.depth, 6.5, 2.0), style.membrane)
        part.stain(0.4 * near * ramp(part.depth, 3.0, 1.0), style.membrane)
