"""What of a published dataset is on this machine; light, for lists ask it of every one."""

from __future__ import annotations

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.errors import DataError
from .store import DataStore
from .unpack import is_archive


def state(card: DatasetCard, store: DataStore) -> str:
    """Say what of a published dataset is on this machine."""
    if is_here(card, store):
        return "converted" if card.convert else "fetched"
    return "fetched" if card.files and files_are_here(card, store) else "not fetched"


def is_here(card: DatasetCard, store: DataStore) -> bool:
    """Tell whether a dataset is ready for use; a damaged store is none."""
    if card.convert is None:
        return files_are_here(card, store)
    try:
        store.open_arrays(card.name, card.version)
    except DataError:
        return False
    return True


def files_are_here(card: DatasetCard, store: DataStore) -> bool:
    """Tell whether all files of a dataset came, and those that are used as they are unpacked are."""
    return all(
        store.unpacked(card.name, file.name).is_dir()
        if card.convert is None and is_archive(file.name)
        else (store.files(card.name) / file.name).is_file()
        for file in card.files
    )
