"""From a seed to an image with its labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .cells import grow_cells
from .clutter import draw_granules, draw_reticulum, draw_synapses
from .imaging import Microscope, take_image
from .mitochondria import draw_mitochondria
from .nucleus import draw_nucleus, place_nucleus
from .scene import Scene
from .style import Style
from .vesicles import draw_vesicles


def draw_pair(
    size: int, seed: np.random.SeedSequence, *, with_nucleus: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw one image and its labels.

    All arithmetic is in float64: processors differ in the last bits of exp and sin, which are then
    some ten digits away from changing a grey value.

    Args:
        size: Side, px of 8 nm.
        seed: Decides everything about the image.
        with_nucleus: Whether a nucleus reaches into the field.

    Returns:
        (size, size) grey values and (size, size) indices into `CLASS_NAMES`.
    """
    tissue, optics = (np.random.Generator(np.random.PCG64(child)) for child in seed.spawn(2))
    scene = _draw_specimen(size, with_nucleus, tissue)
    return take_image(scene.brightness, Microscope.draw(optics), optics), scene.labels


def _draw_specimen(size: int, with_nucleus: bool, rng: np.random.Generator) -> Scene:
    """Grow the tissue: cells first, then what fills them, larger things before smaller ones."""
    style = Style.draw(rng)
    outline = place_nucleus(size, rng) if with_nucleus else None
    soma = outline.soma(rng.uniform(12, 26)) if outline else np.zeros((size, size), np.bool_)
    scene = grow_cells(size, soma, style, rng)
    if outline:
        draw_nucleus(scene, outline, style, rng)
    draw_mitochondria(scene, style, rng)
    draw_reticulum(scene, style, rng)
    draw_granules(scene, style, rng)
    draw_synapses(scene, style, rng)
    draw_vesicles(scene, style, rng)
    return scene
