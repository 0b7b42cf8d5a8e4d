"""Random fields with a chosen grain: the raw material of shapes, textures and shading."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

Field: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], grain: float) -> Field:
    """Draw a Gaussian random field without a preferred direction.

    Args:
        rng: Source of randomness.
        shape: (H, W), px.
        grain: Standard deviation of the Gaussian that white noise is smoothed with, px.

    Returns:
        (H, W), mean about 0 and standard deviation about 1.
    """
    return fibrous_noise(rng, shape, grain, grain, 0.0)


def fibrous_noise(
    rng: np.random.Generator, shape: tuple[int, int], along: float, across: float, angle: float
) -> Field:
    """Draw a Gaussian random field of fibres or sheets that run in one direction.

    Args:
        rng: Source of randomness.
        shape: (H, W), px.
        along: Grain in the fibres' direction, px.
        across: Grain across the fibres, px.
        angle: Direction of the fibres, radians from the x axis.

    Returns:
        (H, W), mean about 0 and standard deviation about 1.
    """
    # The Fourier transform is periodic: without a margin opposite edges would look alike.
    margin = math.ceil(3 * max(along, across))
    height, width = (next_fast_len(side + margin, real=True) for side in shape)
    transfer = _transfer(height, width, along, across, angle)
    coefficients = transfer * (rng.standard_normal(transfer.shape) + 1j * rng.standard_normal(transfer.shape))
    coefficients[:, 0] *= math.sqrt(2)  # the inverse transform drops this column's imaginary part
    rows = np.fft.ifft(coefficients, axis=0)[: shape[0]]
    field = np.fft.irfft(rows, n=width, axis=1)[:, : shape[1]]
    variance = 4 * np.sum(transfer**2) - 2 * np.sum(transfer[:, 0] ** 2)
    return np.asarray(field * (height * width / math.sqrt(variance)))


def _transfer(height: int, width: int, along: float, across: float, angle: float) -> Field:
    """Return the (height, k) Fourier transform of a Gaussian, up to the last x frequency that matters."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    fx = fx[:, fx[0] < 0.7 / min(along, across)]
    f_along = fx * math.cos(angle) + fy * math.sin(angle)
    f_across = fy * math.cos(angle) - fx * math.sin(angle)
    return np.asarray(np.exp(-2 * math.pi**2 * ((along * f_along) ** 2 + (across * f_across) ** 2)))


def ramp(values: Field, low: float, high: float) -> Field:
    """Return 0 below `low`, 1 above `high` and a straight line between (falling if low > high)."""
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0))
