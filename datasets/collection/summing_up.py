"""What the manifests of folders, volumes and published datasets have in common."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from ...benchmark.contracts.errors import DataError
from ..wording import listed
from .splits import FAR

_ROUNDING: Final = 1e-12
"""Variance on the 0-1 scale that sums of floats may show though all values are one."""


def grey_scale(
    source: object, pixels: int, sums: Sequence[float], squares: Sequence[float], top: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel on the 0-1 scale; of whole sums exactly.

    Args:
        source: The dataset, for messages.
        pixels: How many the training images have, px.
        sums: Of their values, per channel.
        squares: Of their squared values, per channel.
        top: The value that is 1.

    Raises:
        DataError: A channel has the same value everywhere.
    """
    spreads = [pixels * square - total**2 for total, square in zip(sums, squares, strict=True)]
    if any(spread <= _least(spread, pixels * top) for spread in spreads):
        raise DataError(
            f"{source}: all training images have one and the same value everywhere; are they exported well?"
        )
    return (
        tuple(total / (pixels * top) for total in sums),
        tuple(math.sqrt(spread) / (pixels * top) for spread in spreads),
    )


def _least(spread: float, unit: float) -> float:
    return 0 if isinstance(spread, int) else _ROUNDING * unit**2


def absent_class_notes(
    class_names: Sequence[str], present: Mapping[str, Collection[int]], what: str = "pixel"
) -> Iterator[str]:
    """Say which classes a split has nothing of.

    Args:
        class_names: By label.
        present: The labels that there are, by split.
        what: There is nothing of: pixels or voxels.
    """
    for split, labels in present.items():
        absent = [name for label, name in enumerate(class_names) if label not in labels]
        if absent:
            yield f"The {split} split holds no {what} of {listed(absent, 10)}."


def boundary_notes(class_names: Sequence[str], boundaries: Collection[int]) -> Iterator[str]:
    """Say which classes lie between objects."""
    if boundaries:
        names = listed([class_names[label] for label in boundaries], 10)
        yield f"Metrics of objects leave {names} out, which lies between objects."


def starts_in_groups(groups: Iterable[str]) -> list[int]:
    """Number the first sections of volumes, so that those of one group lie far apart.

    Args:
        groups: Of each volume.
    """
    seen: Counter[str] = Counter()
    starts = []
    for group in groups:
        starts.append(FAR * seen[group])
        seen[group] += 1
    return starts
