"""The sections of volumes that train, whose values decide the scale of greys of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.seen import stamp
from ...benchmark.files.wording import listed
from ..collection.division import Division
from ..collection.greys import TrainingImages
from .collection import Opened
from .measure import kind_of


def training_images(
    volumes: Sequence[Opened], division: Division[Opened], given: tuple[float, float] | None
) -> TrainingImages[Any]:
    """Return what decides on one scale for all volumes, so that their greys stay comparable.

    Args:
        volumes: All of them.
        division: Into splits.
        given: What becomes 0 and 1; None: 8 bit unsigned as they are, the range that others use.

    Raises:
        DataError: Volumes hold different types of values.
    """
    if given is None:
        _check_kinds(volumes)
    places = [(volume.image, z) for volume, z in division.sections("train")]
    own = {id(volume.image): [z for image, z in places if image is volume.image] for volume in volumes}
    return TrainingImages(
        source=volumes[0].image.source,
        kind=kind_of(volumes[0].image),
        key=[[one.image.source, *stamp(one.image.path), own[id(one.image)]] for one in volumes],
        places=places,
        read=lambda place: np.asarray(place[0].read(slice(place[1], place[1] + 1))[0]),
        given=given,
    )


def _check_kinds(volumes: Sequence[Opened]) -> None:
    kinds = {kind_of(one.image): one.image.source for one in volumes}
    if len(kinds) > 1:
        words = [f"{kind} in {source}" for kind, source in kinds.items()]
        raise DataError(
            f"the volumes hold values of different types, {listed(words)}, whose greys are not comparable. "
            "Convert them, or say what becomes 0 and 1: the option range, or intensity in dataset.yaml."
        )
    if "bool" in kinds:
        raise DataError(f"{kinds['bool']} holds truth values, which are no image. Are they the labels?")
