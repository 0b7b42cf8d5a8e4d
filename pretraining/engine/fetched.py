"""Images of a published dataset, asked for by its name."""

from __future__ import annotations

from pathlib import Path

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.errors import DataUnavailableError, UsageError
from ...benchmark.plugins.registry import Registry
from ...datasets.fetching.presence import is_here
from ...datasets.fetching.store import DataStore


def folder_of(images: Path, datasets: Registry[DatasetCard], store: DataStore) -> Path:
    """Return the folder of that name, or else the one with what was fetched of the dataset of that name.

    Args:
        images: What was asked for.
        datasets: Those that there are.
        store: Where fetched ones lie.

    Raises:
        UsageError: The dataset is not one of images to pre-train on.
        DataUnavailableError: It has not been fetched.
    """
    offer = datasets.offers.get(str(images))
    if images.exists() or offer is None:
        return images
    card = offer.card
    if not card.files or card.convert is not None:
        raise UsageError(
            f"there is no folder {images}, and the dataset of that name is not for pre-training; expected a "
            f"folder of images, or one of {', '.join(_unlabelled(datasets))}."
        )
    if not is_here(card, store):
        raise DataUnavailableError(
            f"there is no folder {images}, and the dataset of that name is not on this machine; name a "
            f"folder, or run 'emseg-bench data fetch {card.name}', which says how to get it."
        )
    return store.files(card.name)


def _unlabelled(datasets: Registry[DatasetCard]) -> list[str]:
    return [card.name for card in datasets if card.files and card.convert is None]
