"""Opening the data that trials are planned on, and opening it again when they run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..contracts.cards import DatasetCard
from ..contracts.data import Dataset, Manifest
from ..contracts.errors import DataError, DataUnavailableError, UsageError
from ..contracts.records import DatasetSpec
from ..files.hashing import manifest_sha256
from ..plugins.asked import complete_options
from ..plugins.lazy import resolve
from ..plugins.references import DatasetReference
from ..plugins.registry import Catalogue, Offer
from ..plugins.strangers import blaming, unusable


def open_dataset(reference: DatasetReference, offer: Offer[DatasetCard], cache: Path) -> Dataset:
    """Open a dataset and check what every dataset must have.

    Raises:
        UsageError: A place or an option is wrong or missing.
        DataError: The data is not what it must be.
        PluginError: The adapter failed otherwise.
    """
    card = offer.card
    if card.needs_location and not reference.location:
        raise UsageError(f"the dataset {card.name!r} needs a place; write {card.name}:PATH.")
    if reference.location and not card.needs_location:
        raise UsageError(
            f"the dataset {card.name!r} takes no place, got {reference.location!r}; write just {card.name}."
        )
    options = complete_options(card, reference.options)
    with blaming(offer, "opening it"), _size_told(card):
        dataset: Dataset = resolve(card.factory, offer)(reference.location, cache, **options)
        manifest = dataset.manifest
    if not isinstance(manifest, Manifest):
        raise unusable(offer, f"its manifest is a {type(manifest).__name__}, expected a Manifest")
    for split in ("train", "val", "test"):
        if not manifest.split(split):
            raise DataError(
                f"the dataset {card.name!r} has no case in its {split} split, expected at least one."
            )
    _check_volumes(card, manifest)
    return dataset


def reopen_dataset(planned: DatasetSpec, catalogue: Catalogue, cache: Path) -> Dataset:
    """Open the data of a trial that was planned before.

    Raises:
        DataError: It is not there any more, or has changed.
    """
    reference = DatasetReference(planned.name, planned.options, planned.location)
    dataset = open_dataset(
        reference, catalogue.find(catalogue.datasets, planned.name, planned.provider.distribution), cache
    )
    if manifest_sha256(dataset.manifest) != planned.manifest_sha256:
        raise DataError(
            f"the data of {planned.label} changed since this trial was planned; run it again on the data "
            "as it is now, or bring the old data back."
        )
    return dataset


@contextmanager
def _size_told(card: DatasetCard) -> Iterator[None]:
    """Say how much there is to download, where a dataset is not on this machine."""
    try:
        yield
    except DataUnavailableError as error:
        size = f"about {card.megabytes:,} MB" if card.megabytes else "size not known"
        raise DataUnavailableError(f"{error} ({size})") from None


def _check_volumes(card: DatasetCard, manifest: Manifest) -> None:
    """Check that volumes are where they can be used.

    Raises:
        DataError: One is in the training split, or has several channels.
    """
    if volume := next((case for case in manifest.cases if case.depth is not None), None):
        if training := next((case for case in manifest.split("train") if case.depth is not None), None):
            raise DataError(
                f"the dataset {card.name!r} has the volume {training.id!r} in its train split, expected "
                "images: networks train on slices. Cut it up (Case.section says where each slice lies)."
            )
        if manifest.channels != 1:
            raise DataError(
                f"the dataset {card.name!r} has {manifest.channels} channels and the volume {volume.id!r}; "
                "volumes are segmented with one channel."
            )
