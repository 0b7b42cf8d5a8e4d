"""Which grey values become 0 and 1 in images that are segmented: those that did in training, if they can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from ..contracts.data import GreyRange, Normalisation
from ..contracts.errors import UsageError
from ..images.intensity import DEPTHS, EIGHT_BIT, PERCENTILES, SIXTEEN_BIT, to_pixels, used_range
from ..images.spread import spread
from .images import open_pixels, read_image
from .pairs import some
from .volume_files import is_volume, open_volume, pixel_size

Array: TypeAlias = np.ndarray[Any, Any]

BY_TYPE: Final = {"uint8": EIGHT_BIT, "uint16": SIXTEEN_BIT}
"""Where weights do not say what they were trained on."""
SECTIONS: Final = 8
SIDE: Final = 256
"""So many sections, and about so many of their rows and columns, tell what values there are."""
BEYOND: Final = 1.05
"""Times the highest value of training: above, values are in other units."""
MOST_CLIPPED: Final = 0.05
MOST_AWAY: Final = 3.0
"""Standard deviations of training that an image's mean may lie away."""
FLATTER: Final = 0.25
"""Of the standard deviation of training; less is hardly an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An image or volume, looked at."""

    source: Path
    sides: tuple[int, ...]
    """(H, W), or (Z, Y, X) of a volume, px."""
    kind: str
    """Type of its values."""
    values: Array
    """Some of them."""
    voxel_size_nm: tuple[float, ...] | None
    """(y, x) or (z, y, x); None: not known."""


def look_at(path: Path, channels: int, voxel_size_nm: tuple[float, ...] | None = None) -> Seen:
    """Look at an image or volume.

    Args:
        path: Where it is.
        channels: How many the network takes.
        voxel_size_nm: Goes before what the file says, (y, x) or (z, y, x); of images the last two.

    Raises:
        DataError: It cannot be read or does not fit the network.
    """
    if not is_volume(path):
        pixels = read_image(path, channels)
        values = np.concatenate([_thinned(plane) for plane in pixels])
        return _seen(
            path, pixels.shape[1:], pixels.dtype, values, (voxel_size_nm or ())[-2:] or pixel_size(path)
        )
    volume = open_pixels(path, channels)
    sections = spread(range(volume.shape[0]), SECTIONS)
    values = np.concatenate([_thinned(volume[z : z + 1][0]) for z in sections])
    if voxel_size_nm and len(voxel_size_nm) < 3:
        raise UsageError(f"got a voxel size of 2 sides, and {path} is a volume; name 3: 30,8,8 (z,y,x).")
    size = voxel_size_nm or open_volume(path).voxel_size_nm
    return _seen(path, volume.shape, volume.dtype, values, size)


def settle_greys(
    images: Sequence[Seen], told: GreyRange | None, given: GreyRange | None
) -> tuple[dict[str, GreyRange], list[str]]:
    """Decide which values become 0 and 1, by the type of values; also say what is not as in training.

    Args:
        images: All that are segmented.
        told: What the weights say; None: nothing, and 8 and 16 bit unsigned are taken by their types.
        given: What goes before that.

    Raises:
        UsageError: Nobody says what other values mean.
    """
    kinds = dict.fromkeys(image.kind for image in images)
    if given is not None:
        return dict.fromkeys(kinds, given), []
    if told is None:
        strange = [image for image in images if image.kind not in BY_TYPE]
        if strange:
            raise UsageError(
                f"{strange[0].source} holds {strange[0].kind} values, and the weights do not say which of "
                "them are 0 and 1 for the network; give them with --range LOW..HIGH."
            )
        return {kind: BY_TYPE[kind] for kind in kinds}, []
    greys, notes = {}, []
    for kind in kinds:
        own = _own_range(kind, [image.values for image in images if image.kind == kind], told)
        greys[kind] = own or told
        if own:
            notes.append(
                f"{kind} values cannot be those that the weights were trained on, {told.low:.6g} to "
                f"{told.high:.6g}: the range that they use is taken, {own.low:.6g} to {own.high:.6g}. Say "
                "--range LOW..HIGH if it is another."
            )
    return greys, notes


def misfits(
    images: Iterable[Seen], greys: Mapping[str, GreyRange], normalisation: Normalisation
) -> Iterator[str]:
    """Say of which images the grey values are far from those of training, with the figures of both."""
    far = [image for image in images if _is_far(image.values, greys[image.kind], normalisation)]
    for kind, grey in greys.items():
        own = [image for image in far if image.kind == kind]
        if own:
            low, high = np.percentile(np.concatenate([image.values for image in own]), PERCENTILES)
            step = grey.high - grey.low
            mean, std = grey.low + step * normalisation.mean[0], step * normalisation.std[0]
            names = some([image.source.name for image in own])
            yield (
                f"the grey values of {len(own)} image(s) do not fit the weights: {low:.6g} to {high:.6g} in "
                f"{names}; trained on {grey.low:.6g} to {grey.high:.6g}, "
                f"mean {mean:.4g}, standard deviation {std:.3g}. Labels will mean little; segment the images "
                "as they were before they were converted, or say --range LOW..HIGH."
            )


def _seen(
    path: Path,
    sides: tuple[int, ...],
    dtype: np.dtype[Any],
    values: Array,
    voxel_size_nm: tuple[float, ...] | None,
) -> Seen:
    kind = str(dtype.newbyteorder("=").name)
    return Seen(source=path, sides=sides, kind=kind, values=values, voxel_size_nm=voxel_size_nm)


def _own_range(kind: str, values: Sequence[Array], told: GreyRange) -> GreyRange | None:
    """Give the range of values that cannot be in the units of training; None: they may be."""
    if not _is_natural(told):
        return None
    own = EIGHT_BIT if kind == "uint8" else used_range(value[None] for value in values)
    high = np.percentile(np.concatenate(values), PERCENTILES[1])
    bytes_ = kind in ("uint8", "int8") and (own.low, own.high) != (told.low, told.high)
    return own if _is_natural(own) and (bytes_ or high > BEYOND * told.high) else None


def _is_natural(grey: GreyRange) -> bool:
    """Tell the range of a type or camera from one that was measured or given."""
    return grey.eight_bit or (grey.low == 0 and grey.high in [2**bits - 1 for bits in DEPTHS])


def _is_far(values: Array, grey: GreyRange, normalisation: Normalisation) -> bool:
    beyond = np.mean((values < grey.low) | (values > grey.high))
    unit = to_pixels(values, grey).astype(np.float64) / (255 if grey.eight_bit else 1)
    mean, std = np.mean(normalisation.mean), np.mean(normalisation.std)
    away = abs(unit.mean() - mean) > MOST_AWAY * std
    return bool(beyond > MOST_CLIPPED or away or unit.std() < FLATTER * std)


def thinned(planes: Iterable[Array]) -> Array:
    """Take some of the values of planes (H, W), evenly spread."""
    return np.concatenate([_thinned(plane) for plane in planes])


def _thinned(plane: Array) -> Array:
    rows, columns = (max(1, side // SIDE) for side in plane.shape)
    return plane[::rows, ::columns].ravel()
