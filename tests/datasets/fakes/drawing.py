"""Tiny tissue for fake files: objects with numbers, and grey pictures in which they are dark."""

from __future__ import annotations

import numpy as np


def blobs(seed: int, shape: tuple[int, int, int], number: int = 3) -> np.ndarray:
    """Return (Z, Y, X) uint16 with `number` discs that drift along z, numbered from 1; 0 elsewhere."""
    rng = np.random.default_rng(seed)
    sections, height, width = shape
    ids = np.zeros(shape, np.uint16)
    radius = min(height, width) / 6
    for k in range(1, number + 1):
        centre = rng.uniform(radius, (height - radius, width - radius))
        drift = rng.uniform(-1, 1, 2)
        for z in range(sections):
            y, x = np.ogrid[:height, :width]
            ids[z][np.hypot(y - centre[0] - z * drift[0], x - centre[1] - z * drift[1]) < radius] = k
    return ids


def cells(seed: int, shape: tuple[int, int, int], number: int = 5) -> np.ndarray:
    """Return (Z, Y, X) uint16 full of cells, numbered from 1, with 0 between them."""
    rng = np.random.default_rng(seed)
    sections, height, width = shape
    centres = rng.uniform(0, (height, width), (number, 2))
    grid = np.stack(np.mgrid[:height, :width], axis=-1)
    ids = np.zeros(shape, np.uint16)
    for z in range(sections):
        centres = centres + rng.uniform(-1, 1, centres.shape)
        distances = np.linalg.norm(grid[:, :, None] - centres, axis=-1)
        first, second = np.sort(distances, axis=-1)[..., :2].transpose(2, 0, 1)
        ids[z] = np.where(second - first < 3, 0, distances.argmin(axis=-1) + 1)
    return ids


def picture(dark: np.ndarray, seed: int) -> np.ndarray:
    """Return a uint8 picture in which True is dark; noise makes every section another one."""
    noise = np.random.default_rng(seed).integers(0, 100, dark.shape)
    return (np.where(dark, 30, 120) + noise).astype(np.uint8)
