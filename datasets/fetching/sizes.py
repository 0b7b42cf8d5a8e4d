"""How much there is to download."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.errors import DataUnavailableError


def megabytes(card: DatasetCard) -> int | None:
    """Add up the sizes of a dataset's files, 10^6 bytes; None where one is not known, or there are none."""
    sizes = [file.megabytes for file in card.files]
    known = [size for size in sizes if size is not None]
    return round(sum(known)) if known and len(known) == len(sizes) else None


@contextmanager
def size_told(card: DatasetCard) -> Iterator[None]:
    """Say how much there is to download, where a dataset is not on this machine."""
    try:
        yield
    except DataUnavailableError as error:
        size = megabytes(card)
        raise DataUnavailableError(
            f"{error} ({f'about {size:,} MB' if size else 'size not known'})"
        ) from None
