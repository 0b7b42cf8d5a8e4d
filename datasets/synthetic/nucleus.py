"""The nucleus: envelope of two membranes with pores, chromatin, sometimes a nucleolus."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from .noise import Field, Mask, ramp, smooth_noise
from .scene import NUCLEUS, Scene
from .style import Style


@dataclass(frozen=True, slots=True)
class NucleusOutline:
    """Where the nucleus of an image lies."""

    inside: Field
    """(H, W); signed distance to the nucleus' outline, px: positive inside."""

    def soma(self, rim: float) -> Mask:
        """Return the cell body: the nucleus and about `rim` px of cytoplasm around it."""
        return np.asarray(self.inside > -rim)


def place_nucleus(size: int, rng: np.random.Generator) -> NucleusOutline:
    """Lay a nucleus of 1.4 to 2.6 um across an edge of the field, so that a part of it is seen."""
    radius = rng.uniform(90, 160)
    bearing = rng.uniform(0, 2 * math.pi)
    away = size / 2 + radius - size * rng.uniform(0.18, 0.5)
    y, x = np.indices((size, size), dtype=np.float64) - size / 2
    y -= away * math.sin(bearing)
    x -= away * math.cos(bearing)
    squash = rng.uniform(1.0, 1.3)
    tilt = rng.uniform(0, math.pi)
    u, v = x * math.cos(tilt) + y * math.sin(tilt), y * math.cos(tilt) - x * math.sin(tilt)
    inside = radius - np.hypot(u * squash, v / squash)
    inside += 9.0 * smooth_noise(rng, (size, size), 26.0) + 1.5 * smooth_noise(rng, (size, size), 7.0)
    return NucleusOutline(inside)


def draw_nucleus(scene: Scene, outline: NucleusOutline, style: Style, rng: np.random.Generator) -> None:
    """Stain and label the nucleus; the label takes in both membranes of the envelope."""
    inside = outline.inside
    body = inside > 0
    scene.stain(ramp(inside, -0.7, 0.7), _nucleoplasm(inside, style, rng))
    _draw_envelope(scene, inside, style, rng)
    scene.labels[body] = NUCLEUS


def _nucleoplasm(inside: Field, style: Style, rng: np.random.Generator) -> Field:
    """Return brightness: dark heterochromatin in clumps and along the envelope, light between."""
    clumps = smooth_noise(rng, inside.shape, 9.0) + 0.5 * smooth_noise(rng, inside.shape, 4.0)
    peripheral = 1.5 * ramp(inside, 12.0, 3.0)
    hetero = ramp(clumps + peripheral, 0.7, 1.4)
    grain = 0.06 * smooth_noise(rng, inside.shape, 1.3) + 0.04 * smooth_noise(rng, inside.shape, 3.0)
    light = style.cytoplasm - 0.02
    brightness = light - style.chromatin * hetero + grain * (1.2 - 0.6 * hetero)
    if rng.random() < 0.4:
        brightness = _with_nucleolus(brightness, inside, style, rng)
    return np.asarray(brightness)


def _with_nucleolus(brightness: Field, inside: Field, style: Style, rng: np.random.Generator) -> Field:
    """Add a dense, granular body of 200 to 350 nm radius somewhere deep in the nucleus."""
    rows, columns = np.nonzero(inside > 40)
    if len(rows) == 0:
        return brightness
    pick = rng.integers(len(rows))
    y, x = np.indices(inside.shape, dtype=np.float64)
    reach = rng.uniform(25, 44) - np.hypot(y - rows[pick], x - columns[pick])
    reach += 4.0 * smooth_noise(rng, inside.shape, 8.0)
    dense = style.matrix * 0.85 + 0.05 * smooth_noise(rng, inside.shape, 1.8)
    return np.asarray(brightness + ramp(reach, -2.0, 2.0) * (dense - brightness))


def _draw_envelope(scene: Scene, inside: Field, style: Style, rng: np.random.Generator) -> None:
    """Stain outer and inner membrane (about 30 nm apart), interrupted by pores."""
    slope = gaussian_filter(np.hypot(*np.gradient(inside)), 1.0)
    distance = inside / np.maximum(slope, 0.3)
    whole = ramp(smooth_noise(rng, scene.shape, 5.0), 1.3, 0.9)
    for middle in (0.8, 4.6):
        line = ramp(np.abs(distance - middle), 1.6, 0.5)
        scene.stain(0.85 * line * whole, style.membrane + 0.05)
    scene.stain(0.5 * whole * ramp(np.abs(distance - 2.7), 1.2, 0.4), style.cytoplasm)
