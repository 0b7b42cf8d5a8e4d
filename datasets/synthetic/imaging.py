"""The microscope: focus, dose, shading, charging and the detector's grey scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .noise import Field, ramp, smooth_noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Microscope:
    """How one image is taken."""

    focus: float
    """Standard deviation of the blur, px."""
    dose: float
    """Electrons per px at brightness 1."""
    read_noise: float
    """Standard deviation of the detector's noise, on the 0-1 scale."""
    smoothing: float
    """Standard deviation of the blur that resampling leaves in the noise, px."""
    shading: float
    """Standard deviation of slow brightness changes, on the 0-1 scale."""
    charging: float
    """Strength of charging artefacts; 0: none."""
    contrast: float
    """Factor about the middle of the grey scale."""
    offset: float
    """Shift of the grey scale, on the 0-1 scale."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Microscope:
        """Draw the settings of one image; every fifth or so is out of focus, every third charges."""
        out_of_focus = rng.random() < 0.2
        return cls(
            focus=rng.uniform(1.5, 2.1) if out_of_focus else rng.uniform(0.6, 1.2),
            dose=rng.uniform(25, 120),
            read_noise=rng.uniform(0.01, 0.05),
            smoothing=rng.uniform(0.0, 0.7),
            shading=rng.uniform(0.01, 0.05),
            charging=rng.uniform(0.3, 1.0) * (rng.random() < 0.35),
            contrast=rng.uniform(0.65, 1.1),
            offset=rng.uniform(-0.1, 0.1),
        )


def take_image(specimen: Field, microscope: Microscope, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Image a specimen.

    Args:
        specimen: (H, W) brightness, 0 to 1.
        microscope: The settings.
        rng: Source of randomness.

    Returns:
        (H, W) grey values.
    """
    signal = gaussian_filter(np.clip(specimen, 0.0, 1.0), microscope.focus, mode="nearest")
    signal = signal + _shading(signal.shape, microscope.shading, rng)
    if microscope.charging > 0:
        signal = signal + _charging(signal, microscope.charging, rng)
    signal = _detect(np.clip(signal, 0.0, None), microscope, rng)
    grey = 0.5 + microscope.contrast * (signal - 0.5) + microscope.offset
    return np.rint(255 * np.clip(grey, 0.0, 1.0)).astype(np.uint8)


def _shading(shape: tuple[int, ...], strength: float, rng: np.random.Generator) -> Field:
    """Return slow additive changes of brightness: uneven section thickness and illumination."""
    height, width = shape
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    slope = rng.normal(size=2)
    blotches = smooth_noise(rng, (height, width), 50.0)
    return np.asarray(strength * (slope[0] * y + slope[1] * x + blotches))


def _charging(signal: Field, strength: float, rng: np.random.Generator) -> Field:
    """Return charging: bright halos whose tails follow the scan direction (x), and uneven lines.

    Uncharged resin (bright, smooth areas) is what charges; the beam drags the surplus along its line.
    """
    sources = ramp(smooth_noise(rng, signal.shape, 7.0), 1.7, 2.6) * ramp(signal, 0.5, 0.75)
    tails = _drag(sources, 0.94)
    halo = gaussian_filter(sources, 5.0)
    lines = smooth_noise(rng, signal.shape, 1.0)[:, :1] * ramp(rng.normal(size=(len(signal), 1)), 0.8, 2.2)
    return np.asarray(strength * (0.9 * tails + 0.3 * sources + 0.4 * halo + 0.05 * lines))


def _drag(sources: Field, kept: float) -> Field:
    """Smear (H, W) sources towards higher x; every pixel passes on the share `kept` to the next."""
    tails = np.empty_like(sources)
    carried = np.zeros(len(sources))
    for column in range(sources.shape[1]):
        carried = (1 - kept) * sources[:, column] + kept * carried
        tails[:, column] = carried
    return tails


def _detect(signal: Field, microscope: Microscope, rng: np.random.Generator) -> Field:
    """Count electrons and read them out."""
    counted = rng.poisson(signal * microscope.dose) / microscope.dose
    noise = counted - signal + microscope.read_noise * rng.standard_normal(signal.shape)
    return np.asarray(signal + gaussian_filter(noise, microscope.smoothing, mode="nearest"))
