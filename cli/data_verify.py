"""``emseg-bench data verify``: files that changed, and images that leak from one split into another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    from ..datasets.inspection.survey import Survey
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
    from ..datasets.inspection.findings import shifted_masks
    from .console import Console

    catalogue, store, console = load_plugins().catalogue, DataStore.here(), Console(stderr=True)
    reference, offer = find_dataset(dataset, catalogue)
    card: DatasetCard = offer.card
    faults = 0
    with interruptible("nothing was changed"):
        if card.files or card.derived_from:
            faults += _tell(_file_faults(card, store, console), "files: as they came")
        if not card.files or card.convert is not None:
            found = _look(reference, _open(reference, catalogue, store), console)
            published = bool(card.files or card.derived_from)
            faults += _tell(_leaks(found, published=published), "splits: no leaks found")
            astray = [*shifted_masks(found), *belonging_sentences(found.belonging, shifted=found.is_shifted)]
            told = _tell(astray, "masks: they fit their images")
            faults += told - (found.belonging.lost and not found.is_shifted)  # few edges show as little
            faults += _tell_oddities(found, published=published)
            if pretraining:
                overlaps = _overlaps(pretraining, found.portraits, catalogue, store, console)
                faults += _tell(overlaps, f"pre-training: no test image found in {pretraining}")
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


def _look(reference: DatasetReference, dataset: Dataset, console: Console) -> Survey:
    """Look at all images."""
    from ..datasets.inspection.survey import number_of_steps, survey
    from .progress import steps

    total = number_of_steps(dataset.manifest, 0)
    with steps(f"{reference.name}: images compared", total, console) as tick:
        return survey(reference.name, dataset, 0, tick)


def _tell_oddities(found: Survey, *, published: bool) -> int:
    """Print what is strange of images and masks; return how much of it is a fault, and no question.

    Published splits are as they are, whatever they lack.
    """
    from ..datasets.collection.summing_up import absent_class_notes
    from ..datasets.inspection.oddities import find_oddities

    names = found.manifest.class_names
    odd = find_oddities(found.looks, names)
    absent = list(absent_class_notes(names, {split.split: split.counts for split in found.splits}))
    _tell([*absent, *(one.sentence for one in odd)], "images and masks: nothing strange")
    return len(absent) * (not published) + sum(one.sure for one in odd)


def _leaks(found: Survey, *, published: bool) -> Iterator[str]:
    """Look for what stands in two splits; how published data share out their subjects their cards say."""
    from ..datasets.fetching.leaks import adjacent_notes, leak_notes
    from ..datasets.fetching.subjects import subject_notes

    yield from leak_notes(found.portraits)
    yield from adjacent_notes(found.manifest.cases)
    if not published:
        yield from subject_notes(found.manifest)


def _overlaps(
    images: Path, portraits: Sequence[Portrait], catalogue: Catalogue, store: DataStore, console: Console
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
