"""What finds objects by what a network says beside labels: affinities, or boundaries and distances.

The networks are two-dimensional: of a volume they say how pixels of a section belong together, so objects are
found section by section and joined along z (`sections.py`).  Objects lie within one class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from scipy import ndimage

from ..contracts.data import Decoder, ExtraOutput, Segmented
from ..contracts.errors import TrialError
from .sections import join_sections

Array: TypeAlias = np.ndarray[Any, Any]
FindSection: TypeAlias = Callable[[Array, Array], Array]
"""From the labels (Y, X) of a section, 0 for background, and its extra outputs (E, Y, X) to numbers."""

APART: Final = -1.0
"""How much pixels of different classes repel each other: more than any affinity."""
FOUR: Final = ndimage.generate_binary_structure(2, 1)


def boundary_watershed(threshold: float, seed_distance_px: float, join: float) -> Decoder:
    """Make the decoder that floods predicted boundaries from where they are far.

    Args:
        threshold: Probability of a boundary from which on a pixel cannot be in a seed.
        seed_distance_px: Predicted distance to the boundary from which on pixels are seeds, px.
        join: Least IoU of objects of neighbouring sections that are one.
    """

    def decode(segmented: Segmented) -> Array:
        boundary, distance = (_place(segmented, kind) for kind in ("boundary", "distance"))

        def find(labels: Array, extra: Array) -> Array:
            from skimage.segmentation import watershed as flood

            heights = extra[boundary].astype(np.float32)
            seeds = (heights < threshold) & (extra[distance] >= seed_distance_px)
            return _each_class(labels, lambda mask: _flooded(flood, heights, seeds & mask, mask))

        return _by_section(segmented, find, join)

    return decode


def mutex_watershed(bias: float, long_bias: float, join: float) -> Decoder:
    """Make the decoder that joins and parts pixels by affinities, the surest first (Wolf et al. 2018, 2020).

    Args:
        bias: Affinity of neighbours from which on they attract each other.
        long_bias: The same of pixels that are further apart.
        join: Least IoU of objects of neighbouring sections that are one.
    """

    def decode(segmented: Segmented) -> Array:
        from mwatershed import agglom

        sides = segmented.labels.shape[-2:]
        offsets = {
            place: offset
            for place, offset in _offsets(segmented.extra_outputs).items()
            if all(abs(step) < side for step, side in zip(offset, sides, strict=True))  # else it panics
        }
        biases = np.array([long_bias if _is_long(offset) else bias for offset in offsets.values()])

        def find(labels: Array, extra: Array) -> Array:
            if not offsets:
                return np.zeros_like(labels)
            attraction = extra[[*offsets]].astype(np.float64) - biases[:, None, None]
            for values, offset in zip(attraction, offsets.values(), strict=True):
                values[_parted(labels, offset)] = APART
            found = agglom(attraction, [*offsets.values()])
            return np.where(labels > 0, found, 0)

        return _by_section(segmented, find, join)

    return decode


def waterz(threshold: float, join: float) -> Decoder:
    """Make the decoder that agglomerates a watershed's fragments by their mean affinity (Funke et al. 2019).

    Args:
        threshold: Mean affinity of two fragments above which they are one.
        join: Least IoU of objects of neighbouring sections that are one.
    """

    def decode(segmented: Segmented) -> Array:
        from waterz import agglomerate

        near = {
            offset: place
            for place, offset in _offsets(segmented.extra_outputs).items()
            if not _is_long(offset)
        }
        if missing := [offset for offset in ((-1, 0), (0, -1)) if offset not in near]:
            raise TrialError(
                "the decoder waterz reads affinities of neighbours at (-1, 0) and (0, -1), and the model "
                f"gives none at {missing[0]}; take another decoder, or a model that gives them."
            )

        def find(labels: Array, extra: Array) -> Array:
            affinities = np.zeros((3, 1, *labels.shape), np.float32)  # to the section above: none
            for axis, offset in enumerate(((-1, 0), (0, -1)), 1):
                affinities[axis, 0] = extra[near[offset]]
                affinities[axis, 0][_parted(labels, offset)] = 0
            (found,) = (one.copy() for one in agglomerate(affinities, [1 - threshold]))
            return np.where(labels > 0, found[0], 0)

        return _by_section(segmented, find, join)

    return decode


def _by_section(segmented: Segmented, find: FindSection, join: float) -> Array:
    """Find the objects of an image, or of each section of a volume, and join those."""
    labels, extra = segmented.labels, segmented.extra
    if extra is None:
        raise TrialError("there are no extra outputs to find objects by; take a model that gives some.")
    inside = np.where(labels == segmented.background, 0, labels.astype(np.int64) + 1)
    if labels.ndim == 2:
        return np.asarray(find(inside, extra), np.int64)
    sections = np.stack([find(inside[index], extra[:, index]) for index in range(len(labels))])
    return join_sections(sections, inside, join)


def _each_class(labels: Array, find: Callable[[Array], Array]) -> Array:
    numbers, count = np.zeros(labels.shape, np.int64), 0
    for value in np.unique(labels[labels > 0]):
        found = find(labels == value)
        numbers[found > 0] = found[found > 0] + count
        count += int(found.max(initial=0))
    return numbers


def _flooded(flood: Callable[..., Array], heights: Array, seeds: Array, mask: Array) -> Array:
    """Flood each connected part of a mask from its seeds; one without a seed is an object as it is."""
    parts, _ = ndimage.label(mask, FOUR)
    numbers, count = ndimage.label(seeds, FOUR)
    unseeded = mask & ~np.isin(parts, np.unique(parts[numbers > 0]))
    numbers[unseeded] = parts[unseeded] + count
    return np.asarray(flood(heights, numbers, 1, mask=mask))


def _place(segmented: Segmented, kind: str) -> int:
    return next(place for place, one in enumerate(segmented.extra_outputs) if one.kind == kind)


def _offsets(outputs: Sequence[ExtraOutput]) -> dict[int, tuple[int, int]]:
    """Give the offsets of affinities by their channel."""
    return {place: one.offset for place, one in enumerate(outputs) if one.kind == "affinity" and one.offset}


def _is_long(offset: tuple[int, int]) -> bool:
    return abs(offset[0]) + abs(offset[1]) > 1


def _parted(labels: Array, offset: tuple[int, int]) -> Array:
    """Tell of which pixels (Y, X) the one at an offset is of another class, or both are background."""
    other = np.zeros_like(labels)
    here, there = zip(*map(_overlap, offset, labels.shape), strict=True)
    other[here] = labels[there]
    return np.asarray((labels != other) | (labels == 0))


def _overlap(step: int, length: int) -> tuple[slice, slice]:
    """Give where along an axis pixels lie whose neighbour at a step is within, and where those lie."""
    start, stop = max(0, -step), min(length, length - step)
    stop = max(start, stop)
    return slice(start, stop), slice(start + step, stop + step)
