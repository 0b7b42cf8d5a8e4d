"""Looks at every section of images and labels, once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.errors import DataError
from ...benchmark.images.intensity import to_pixels
from ...benchmark.images.label_bounds import LEAST_VALUE, MOST_VALUE
from ...benchmark.images.label_values import count_pieces, count_values, whole_labels
from ...benchmark.images.volumes.found import Array
from ...benchmark.images.volumes.volume import Volume
from ..collection.greys import range_as_data, sums_stored
from ..collection.instances import to_semantic
from ..description import Instances
from ..fetching.facts import flat_share, label_counts, value_counts
from ..fetching.looks import look
from .facts import ImageSection, LabelSection, hash_section, recall_or_measure

MOST_COUNTED = 4096
MOST_CLASSES = 256
"""Values of one section; more are never classes, which the second says of numbers above 16 bit."""
MOST_OF_16_BIT = 65535
LOOKED_AT = 512
"""Rows and columns around the middle of a section, to either side, in which pieces are counted."""


def kind_of(volume: Volume) -> str:
    """Name the type of a volume's values, whatever their order of bytes: ``uint8``, ``float32``, ..."""
    return volume.dtype.newbyteorder("=").name


def measure_image(volume: Volume, scale: GreyRange, cache: Path) -> list[ImageSection]:
    """Learn the facts about an image's sections.

    Raises:
        DataError: It cannot be read, or a value is no number.
    """
    way = ["image", range_as_data(scale, kind_of(volume))]
    known = recall_or_measure(volume, cache, way, partial(_look_at_image, volume.source, scale))
    return [ImageSection(**facts) for facts in known]


def measure_labels(
    volume: Volume, instances: Instances, ignore_value: int | None, cache: Path, background: int = 0
) -> list[LabelSection]:
    """Learn the facts about the sections of labels.

    Raises:
        DataError: They cannot be read, or a value is no label.
    """
    way = ["labels", instances, [ignore_value, background] if instances != "none" else None]
    look = partial(_look_at_labels, volume.source, instances, ignore_value, background)
    known = recall_or_measure(volume, cache, way, look)
    return [
        LabelSection(
            facts["sha256"],
            {int(value): px for value, px in facts["counts"].items()},
            facts["flat"],
            {int(value): number for value, number in facts["pieces"].items()},
        )
        for facts in known
    ]


def whole_numbers(section: Array, source: str, place: int) -> Array:
    """Return labels as whole numbers; files of some formats hold them as floats.

    Raises:
        DataError: They are none.
    """
    return whole_labels(section, f"{source}: section {place}")


def _look_at_image(source: str, scale: GreyRange, section: Array, place: int) -> ImageSection:
    if section.dtype.kind == "f" and not np.isfinite(section).all():
        raise DataError(
            f"{source}: section {place} holds NaN or infinite values; replace them, for example by the mean."
        )
    if scale.eight_bit or sums_stored(scale, section.dtype.name):
        pixels = value_counts(to_pixels(section, scale) if scale.eight_bit else section)
        values = np.arange(len(pixels))
        total, squares = int(pixels @ values), int(pixels @ values**2)
        return ImageSection(hash_section(section), total, squares, look(section), flat_share(section))
    scaled = to_pixels(section, scale).astype(np.float64)
    return ImageSection(
        hash_section(section),
        float(scaled.sum()),
        float((scaled**2).sum()),
        look(section),
        flat_share(section),
    )


def _look_at_labels(
    source: str, instances: Instances, ignore_value: int | None, background: int, section: Array, place: int
) -> LabelSection:
    numbers = whole_numbers(section, source, place)
    flat = flat_share(numbers)
    if instances != "none":
        made = to_semantic(numbers, instances, ignore_value, background)
        return LabelSection(hash_section(section), label_counts(made), flat, {})
    counts = count_values(numbers)
    most = MOST_CLASSES if max(counts) > MOST_OF_16_BIT else MOST_COUNTED
    if len(counts) > most or not LEAST_VALUE <= min(counts) <= max(counts) <= MOST_VALUE:
        raise DataError(
            f"{source}: section {place} holds {max(counts)}, and {len(counts):,} values; labels "
            "are classes. If they are numbers of objects, say so: the option instances=boundary or "
            "instances=binary, or instances in dataset.yaml."
        )
    rows, columns = (slice(max(0, side // 2 - LOOKED_AT), side // 2 + LOOKED_AT) for side in numbers.shape)
    return LabelSection(hash_section(section), counts, flat, count_pieces(numbers[rows, columns]))
