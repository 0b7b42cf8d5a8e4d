"""``emseg-bench data verify``: files that changed, and images that leak from one split into another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .exit_codes import SOME_FAILED, interruptible

if TYPE_CHECKING:
    from ..benchmark.contracts.cards import DatasetCard
    from ..benchmark.contracts.data import Dataset
    from ..benchmark.plugins.references import DatasetReference
    from ..benchmark.plugins.registry import Catalogue
    from ..datasets.fetching.leaks import Portrait
    from ..datasets.fetching.store import DataStore
    from ..datasets.inspection.belonging import Belonging
    from .console import Console


def verify(
    dataset: Annotated[
        str, typer.Argument(help="NAME, NAME[OPTION=VALUE,...] or NAME:PATH.", metavar="DATASET")
    ],
    pretraining: Annotated[
        Path | None,
        typer.Option(
            help="Also look for test images among those that pre-trained a model: a folder, or a fetched "
            "dataset without labels.",
            metavar="DIR|NAME",
        ),
    ] = None,
) -> None:
    """Hash a dataset's files again and look for leaks between its splits; exit code 1 if there is a fault."""
    from ..benchmark.plugins.dataset_lookup import find_dataset
    from ..benchmark.plugins.loading import load_plugins
    from ..datasets.fetching.store import DataStore
    from ..datasets.inspection.belonging_words import belonging_sentences
    from .console import Console

    catalogue, store, console = load_plugins().catalogue, DataStore.here(), Console(stderr=True)
    reference, offer = find_dataset(dataset, catalogue)
    card: DatasetCard = offer.card
    faults = 0
    with interruptible("nothing was changed"):
        if card.files or card.derived_from:
            faults += _tell(_file_faults(card, store, console), "files: as they came")
        if not card.files or card.convert is not None:
            opened = _open(reference, catalogue, store)
            portraits = _portraits(reference.name, opened, console)
            published = bool(card.files or card.derived_from)
            faults += _tell(_leaks(opened, portraits, published=published), "splits: no leaks found")
            belonging = _belonging(reference.name, opened, console)
            told = _tell(belonging_sentences(belonging), "masks: they fit their images")
            faults += told - belonging.lost  # for images with few edges show as little
            if pretraining:
                found = _overlaps(pretraining, portraits, catalogue, store, console)
                faults += _tell(found, f"pre-training: no test image found in {pretraining}")
    if faults:
        raise typer.Exit(SOME_FAILED)


def _tell(faults: Iterable[str], none: str) -> int:
    """Print what was found, or that nothing was; return how many faults there are."""
    found = list(faults)
    for line in found or [none]:
        typer.echo(line)
    return len(found)


def _file_faults(card: DatasetCard, store: DataStore, console: Console) -> Iterator[str]:
    from ..datasets.fetching.verification import file_faults, stored_files
    from .progress import steps

    files = stored_files(card, store)
    with steps(f"{card.name}: files hashed", len(files), console) as tick:
        yield from file_faults(files, tick)


def _open(reference: DatasetReference, catalogue: Catalogue, store: DataStore) -> Dataset:
    from ..benchmark.experiments.opening import open_dataset

    return open_dataset(reference, catalogue.find(catalogue.datasets, reference.name), store.cache)


def _portraits(name: str, dataset: Dataset, console: Console) -> list[Portrait]:
    from ..datasets.fetching.portraits import portraits_of
    from .progress import steps

    with steps(f"{name}: images compared", len(dataset.manifest.cases), console) as tick:
        return list(portraits_of(dataset, tick))


def _leaks(dataset: Dataset, portraits: list[Portrait], *, published: bool) -> Iterator[str]:
    """Look for what stands in two splits; how published data share out their subjects their cards say."""
    from ..datasets.fetching.leaks import adjacent_notes, leak_notes
    from ..datasets.fetching.subjects import subject_notes

    yield from leak_notes(portraits)
    yield from adjacent_notes(dataset.manifest.cases)
    if not published:
        yield from subject_notes(dataset.manifest)


def _belonging(name: str, dataset: Dataset, console: Console) -> Belonging:
    """Look for masks that belong to other images."""
    from ..datasets.inspection.sampling import look_at_belonging, to_compare
    from .progress import steps

    places = to_compare(dataset.manifest)
    with steps(f"{name}: masks laid over images", len(places), console) as tick:
        return look_at_belonging(dataset, places, tick)


def _overlaps(
    images: Path, portraits: list[Portrait], catalogue: Catalogue, store: DataStore, console: Console
) -> Iterator[str]:
    """Look for test images among images for pre-training."""
    from ..datasets.fetching.leaks import find_likenesses, likeness_notes
    from ..pretraining.engine.fetched import folder_of
    from ..pretraining.engine.index import open_index
    from ..pretraining.engine.portraits import portraits_in
    from .progress import steps

    folder = folder_of(images, catalogue.datasets, store)
    index = open_index(folder, store.cache, lambda _done, _todo: None)
    with steps("images for pre-training compared", len(index), console) as tick:
        seen = list(portraits_in(index, tick))
    tested = [portrait for portrait in portraits if portrait.split == "test"]
    yield from likeness_notes(find_likenesses(seen, tested), f"{images}", "the test split")
