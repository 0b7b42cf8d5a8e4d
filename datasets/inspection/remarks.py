"""What is to be known of data before it is used: what its splits give away, and masks that seem astray."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.data import Dataset
from ..fetching.leaks import adjacent_notes
from ..fetching.subjects import subject_notes
from .sampling import planned_sentences


def remarks(dataset: Dataset, card: DatasetCard, cache: Path) -> Iterator[str]:
    """Say it of a dataset that trials are planned on.

    Args:
        dataset: Any.
        card: Its card: masks of somebody's own data are looked at, since nobody else did.
        cache: The cache folder, where it is remembered what was seen.

    Raises:
        DataError: An image cannot be read.
    """
    yield from adjacent_notes(dataset.manifest.cases)
    yield from subject_notes(dataset.manifest)
    if card.needs_location:
        for sentence in planned_sentences(dataset, cache):
            yield f"{sentence[0].upper()}{sentence[1:]}"
