"""What varies between images: tissue, staining and the microscope's mood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The appearance of one image; brightness is on the 0-1 scale, lengths are in px."""

    spacing: float
    """Typical distance between neighbouring cell profiles."""
    stretch: float
    """How much longer than wide profiles are, along `angle`."""
    angle: float
    """Direction of the tissue, radians."""
    cytoplasm: float
    """Brightness of the average cell."""
    cell_spread: float
    """Standard deviation of brightness between cells."""
    texture: float
    """Standard deviation of brightness within cytoplasm."""
    membrane: float
    """Brightness of plasma membranes."""
    matrix: float
    """Brightness of the mitochondrial matrix."""
    cristae: float
    """Contrast of cristae, 0 to 1."""
    chromatin: float
    """Contrast between eu- and heterochromatin."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Style:
        """Draw the style of one image."""
        return cls(
            spacing=rng.uniform(26, 40),
            stretch=rng.uniform(1.0, 1.9),
            angle=rng.uniform(0, math.pi),
            cytoplasm=rng.uniform(0.62, 0.76),
            cell_spread=rng.uniform(0.03, 0.07),
            texture=rng.uniform(0.045, 0.095),
            membrane=rng.uniform(0.12, 0.28),
            matrix=rng.uniform(0.30, 0.52),
            cristae=rng.uniform(0.15, 1.0),
            chromatin=rng.uniform(0.12, 0.26),
        )
