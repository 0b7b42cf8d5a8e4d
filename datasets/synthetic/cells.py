"""Cell profiles: a warped Voronoi partition of the field, with membranes and cytoplasm."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from .noise import Field, Mask, fibrous_noise, ramp, smooth_noise
from .scene import MEMBRANE, Scene
from .style import Style


def grow_cells(size: int, soma: Mask, style: Style, rng: np.random.Generator) -> Scene:
    """Divide the field into cells and fill them with cytoplasm.

    Args:
        size: Side of the field, px.
        soma: (size, size); where the cell body around a nucleus is one cell, whatever else grows.
        style: The image's appearance.
        rng: Source of randomness.
    """
    cells = np.where(soma, 0, _profiles(size, style, rng) + 1)
    depth = np.asarray(distance_transform_edt(~_borders(cells)))
    scene = Scene(
        brightness=_cytoplasm(cells, style, rng),
        labels=np.zeros((size, size), np.uint8),
        cells=cells,
        depth=depth,
    )
    _draw_membranes(scene, style, rng)
    return scene


def _profiles(size: int, style: Style, rng: np.random.Generator) -> NDArray[np.intp]:
    """Number every pixel by its cell: a power diagram in warped space, some seeds sharing a cell."""
    points = _tissue_coordinates(size, style, rng)
    seeds, radii = _scatter_seeds(points.min(axis=0), points.max(axis=0), style.spacing, rng)
    # Lifting a seed by sqrt(max r^2 - r^2) turns the power distance d^2 - r^2 into a plain one.
    lifted = np.column_stack([seeds, np.sqrt(radii.max() ** 2 - radii**2)])
    _, nearest = cKDTree(lifted).query(np.column_stack([points, np.zeros(len(points))]))
    return np.asarray(_merge_neighbours(seeds, rng)[nearest].reshape(size, size))


def _tissue_coordinates(size: int, style: Style, rng: np.random.Generator) -> Field:
    """Return (size * size, 2) coordinates in which profiles are round and have straight borders."""
    y, x = np.indices((size, size), dtype=np.float64)
    for grain, reach in ((24.0, 15.0), (7.0, 3.6), (3.0, 0.8)):
        y += reach * smooth_noise(rng, y.shape, grain)
        x += reach * smooth_noise(rng, x.shape, grain)
    cos, sin, stretch = math.cos(style.angle), math.sin(style.angle), math.sqrt(style.stretch)
    return np.stack([(x * cos + y * sin) / stretch, (y * cos - x * sin) * stretch], axis=-1).reshape(-1, 2)


def _scatter_seeds(low: Field, high: Field, spacing: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Throw discs, rejecting those that overlap an earlier one: a few large ones, then many small.

    Returns:
        (S, 2) centres and (S,) radii, px.
    """
    area = float(np.prod(high - low))
    large = rng.uniform(1.0, 2.2, math.ceil(0.12 * area / spacing**2)) * spacing
    small = rng.uniform(0.25, 0.6, math.ceil(5.0 * area / spacing**2)) * spacing
    radii = np.concatenate([large, small])
    centres = rng.uniform(low, high, (len(radii), 2))
    kept: list[int] = []
    for index, radius in enumerate(radii):
        gaps = np.hypot(*(centres[kept] - centres[index]).T)
        if np.all(gaps > 0.9 * (radii[kept] + radius)):
            kept.append(index)
    return centres[kept], radii[kept]


def _merge_neighbours(seeds: Field, rng: np.random.Generator) -> NDArray[np.intp]:
    """Give each seed a cell; a third join their nearest neighbour's, which makes bent profiles."""
    owner = np.arange(len(seeds))
    if len(seeds) < 2:
        return owner
    _, neighbours = cKDTree(seeds).query(seeds, k=2)
    for seed in np.flatnonzero(rng.random(len(seeds)) < 0.35):
        owner[owner == owner[seed]] = owner[neighbours[seed, 1]]
    return owner


def _borders(cells: NDArray[np.intp]) -> Mask:
    """Mark the two pixels on either side of every border between cells."""
    borders = np.zeros(cells.shape, np.bool_)
    vertical, horizontal = cells[1:] != cells[:-1], cells[:, 1:] != cells[:, :-1]
    borders[1:] |= vertical
    borders[:-1] |= vertical
    borders[:, 1:] |= horizontal
    borders[:, :-1] |= horizontal
    return borders


def _cytoplasm(cells: NDArray[np.intp], style: Style, rng: np.random.Generator) -> Field:
    """Return brightness: every cell its own ground tone, clumps, filaments and ribosomes."""
    count = int(cells.max()) + 1
    tone = style.cytoplasm + style.cell_spread * rng.normal(size=count) - 0.17 * (rng.random(count) < 0.12)
    grain = style.texture * rng.uniform(0.5, 1.3, count)
    filaments = style.texture * rng.uniform(0.0, 1.0, count) * (rng.random(count) < 0.5)
    ribosomes = rng.uniform(0.05, 0.5, count)
    shape = cells.shape
    clumps = 0.7 * smooth_noise(rng, shape, 1.6) + 0.7 * smooth_noise(rng, shape, 4.5)
    fibres = fibrous_noise(rng, shape, 14.0, 1.1, style.angle + rng.normal(0.0, 0.3))
    specks = ramp(smooth_noise(rng, shape, 1.1), 1.3, 2.2)
    brightness = tone[cells] + grain[cells] * clumps + filaments[cells] * fibres
    return np.asarray(brightness - ribosomes[cells] * specks)


def _draw_membranes(scene: Scene, style: Style, rng: np.random.Generator) -> None:
    """Stain and label plasma membranes; where cut obliquely they are wide and pale."""
    oblique = ramp(smooth_noise(rng, scene.shape, 13.0), 0.9, 2.0)
    half_width = 1.0 + 0.35 * smooth_noise(rng, scene.shape, 9.0) + 3.0 * oblique
    opacity = ramp(scene.depth - half_width, 0.8, -0.8)
    scene.stain(opacity * (1.0 - 0.55 * oblique), style.membrane)
    scene.labels[scene.depth <= 1.0] = MEMBRANE
