"""One scale of greys for all volumes of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.errors import DataError
from ...benchmark.images.volumes.volume import Volume
from ..collection.greys import TrainingImages, settle_range
from ..wording import listed
from .measure import kind_of
from .stamps import stamp


def settle_scale(
    volumes: Sequence[Volume],
    sections: Sequence[Sequence[int]],
    given: tuple[float, float] | None,
    cache: Path,
) -> GreyRange:
    """Decide on one scale for all volumes, so that their greys stay comparable.

    Args:
        volumes: All of them.
        sections: Of each volume, those that train.
        given: What becomes 0 and 1; None: 8 bit unsigned as they are, the range that others use.
        cache: The cache folder.

    Raises:
        DataError: Volumes hold different types of values, or all values are one.
    """
    if given is None:
        _check_kinds(volumes)
    own = list(zip(volumes, sections, strict=True))
    train = TrainingImages(
        source=volumes[0].source,
        kind=kind_of(volumes[0]),
        key=[[volume.source, *stamp(volume.path), list(places)] for volume, places in own],
        places=[(volume, z) for volume, places in own for z in places],
        read=lambda place: np.asarray(place[0].read(slice(place[1], place[1] + 1))[0]),
        given=given,
    )
    return settle_range(train, cache)


def _check_kinds(volumes: Sequence[Volume]) -> None:
    kinds = {kind_of(volume): volume.source for volume in volumes}
    if len(kinds) > 1:
        words = [f"{kind} in {source}" for kind, source in kinds.items()]
        raise DataError(
            f"the volumes hold values of different types, {listed(words)}, whose greys are not comparable. "
            "Convert them, or say what becomes 0 and 1: the option range, or intensity in dataset.yaml."
        )
    if "bool" in kinds:
        raise DataError(f"{kinds['bool']} holds truth values, which are no image. Are they the labels?")
