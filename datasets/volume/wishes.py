"""Reads options that are written as words, and lets them go before what ``dataset.yaml`` says."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from ...benchmark.contracts.errors import UsageError
from ...benchmark.files.numbers import decimal
from ..description import Description
from ..value_options import AUTO, say_values
from .options import VolumeOptions


def override(description: Description, options: VolumeOptions) -> Description:
    """Let options go before the description.

    Raises:
        UsageError: An option is not written as it must be.
    """
    chosen = {
        "axes": options.axes.lower(),
        "voxel_size_nm": _parse_voxel_size(options.voxel_size),
        "intensity": _parse_range(options.range),
        "positions": options.positions,
    }
    said = replace(description, **{key: value for key, value in chosen.items() if value != AUTO})  # type: ignore[arg-type]
    if said.intensity and not -inf < said.intensity[0] < said.intensity[1] < inf:
        raise UsageError(
            f"got the range {said.intensity[0]:g} to {said.intensity[1]:g}, expected LOW < HIGH."
        )
    return say_values(said, options)


def _parse_voxel_size(text: float | str) -> tuple[float, ...] | str:
    if text == AUTO:
        return AUTO
    try:
        size = tuple(decimal(part) for part in str(text).lower().split("x"))
    except ValueError:
        size = ()
    if len(size) not in (1, 3) or min(size) <= 0:
        raise UsageError(f"got voxel_size={text}, expected nm: one number, or z, y and x as in 30x8x8.")
    return size


def _parse_range(text: str) -> tuple[float, float] | str:
    if text == AUTO:
        return AUTO
    low, _, high = text.partition("..")
    try:
        return decimal(low), decimal(high)
    except ValueError:
        raise UsageError(f"got range={text}, expected LOW..HIGH, as in range=-2000..4000.") from None
